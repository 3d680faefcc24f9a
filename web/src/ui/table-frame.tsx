import type { ReactNode } from 'react';

interface TableFrameProps {
  caption: string;
  /** Few narrow columns, which fit a phone; other tables become a card a row there. */
  narrow?: boolean;
  children: ReactNode;
}

/** A table that scrolls sideways where it must, by keyboard too. `data-label` names a cell where its column's head is not shown. */
export function TableFrame({ caption, narrow = false, children }: TableFrameProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard (WCAG 2.1.1)
    <section className="scroll" aria-label={caption} tabIndex={0}>
      <table data-stacks={!narrow || undefined}>
        <caption className="unseen">{caption}</caption>
        {children}
      </table>
    </section>
  );
}
