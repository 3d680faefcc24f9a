import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { Link } from 'wouter';

type Look = 'main' | 'plain' | 'quiet' | 'danger';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: Look;
  /** Work goes on: the button says so and takes no second press, but keeps the focus. */
  busy?: boolean;
}

export function Button({ look = 'plain', busy = false, children, className, onClick, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={`button ${className ?? ''}`}
      data-look={look}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy && <span className="spinner" aria-hidden="true" />}
      {children}
    </button>
  );
}

export function LinkButton({ href, look = 'plain', children }: { href: string; look?: Look; children: ReactNode }) {
  return (
    <Link href={href} className="button" data-look={look}>
      {children}
    </Link>
  );
}
