import { type ReactNode, useEffect, useRef } from 'react';
import { Link } from 'wouter';
import { type Failure, ownPath } from '../data/failure.ts';
import { Button } from './button.tsx';

/** A failure with its remedy: the link that the server gave, and another try where that can help. */
export function Problem({ failure, onRetry }: { failure: Failure; onRetry?: () => void }) {
  // One fault alone is the message already, or told in it.
  const details = (failure.details ?? []).filter(({ message }) => !failure.message.includes(message));
  const place = useRef<HTMLDivElement>(null);
  // A long form may have its fault out of sight, and a press of its button then seems to do nothing.
  // biome-ignore lint/correctness/useExhaustiveDependencies: each failure is a new one to be seen
  useEffect(() => {
    place.current?.scrollIntoView({ block: 'nearest' });
  }, [failure]);
  return (
    <div ref={place} className="notice" data-tone="bad" role="alert">
      <p>{failure.message}</p>
      {details.length > 0 && (
        <ul>
          {details.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
      {(failure.actionUrl !== undefined || onRetry) && (
        <p className="row">
          {failure.actionUrl !== undefined && <Remedy href={failure.actionUrl} />}
          {onRetry && <Button onClick={onRetry}>Try again</Button>}
        </p>
      )}
      {failure.code === 'internal' && failure.requestId && <p className="fine">Request {failure.requestId}, for whoever reads the log.</p>}
    </div>
  );
}

const remedies: [RegExp, string][] = [
  [/^\/billing/, 'See plan and limits'],
  [/^\/dashboard\/api-keys/, 'Go to API keys'],
  [/^\/dashboard\/integrations\/[^/]+/, 'Go to the integration'],
  [/^\/dashboard\/integrations/, 'Connect it'],
];

function Remedy({ href }: { href: string }) {
  const path = ownPath(href);
  if (path === undefined)
    return (
      <a href={href} target="_blank" rel="noreferrer">
        Open {new URL(href).host}
      </a>
    );
  return <Link href={path}>{remedies.find(([pattern]) => pattern.test(path))?.[1] ?? 'What to do'}</Link>;
}

export function Notice({ tone = 'plain', children }: { tone?: 'plain' | 'good' | 'warn' | 'bad'; children: ReactNode }) {
  return (
    <div className="notice" data-tone={tone}>
      {children}
    </div>
  );
}
