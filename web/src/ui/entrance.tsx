import { type ReactNode, useEffect } from 'react';
import mark from './mark.svg';

/** The frame of the pages before the sign-in. */
export function Entrance({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Skillett`;
  }, [title]);
  return (
    <main className="entrance">
      <p className="brand">
        <img src={mark} alt="" width="28" height="28" />
        Skillett
      </p>
      <div className="card stack">
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
}
