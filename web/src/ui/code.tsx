import { CopyButton } from './copy-button.tsx';

/** Something to copy, as it is. Scrolls by keyboard too. */
export function Code({ text, what }: { text: string; what: string }) {
  return (
    <div className="code">
      <CopyButton text={text} what={what} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1) */}
      <section tabIndex={0} aria-label={what} className="code-text">
        <pre>
          <code>{text}</code>
        </pre>
      </section>
    </div>
  );
}
