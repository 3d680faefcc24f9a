import { type ReactNode, useEffect, useRef } from 'react';

let openedBefore = false;

/** A page's heading. After a change of page the focus goes there, as it would with a page that was loaded. */
export function Page({
  title,
  mark,
  crumb,
  lead,
  actions,
  children,
}: {
  title: string;
  /** Before the title, and not read out. */
  mark?: ReactNode;
  /** The way back up. */
  crumb?: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Skillett`;
  }, [title]);
  useEffect(() => {
    if (openedBefore) heading.current?.focus();
    openedBefore = true;
  }, []);
  return (
    <>
      <div className="page-head">
        <div>
          {crumb && <p className="crumb">{crumb}</p>}
          <h1 ref={heading} tabIndex={-1} className={mark ? 'with-logo' : undefined}>
            {mark}
            {title}
          </h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="row">{actions}</div>}
      </div>
      {children}
    </>
  );
}

export function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="section">
      <div className="section-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {children}
    </section>
  );
}

/** What stands where a list has nothing yet: why, and what to do next. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children && <p>{children}</p>}
      {action && <p className="row">{action}</p>}
    </div>
  );
}
