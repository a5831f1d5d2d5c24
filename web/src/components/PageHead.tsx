import { type ReactNode, useEffect, useRef } from 'react';

interface Props {
  title: string;
  /** Beside the heading: a badge. */
  beside?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}

/** A page's heading. Takes the focus when the page opens, so that a screen reader says where one is. */
export function PageHead({ title, beside, children, actions }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Sluice`;
    heading.current?.focus();
  }, [title]);
  return (
    <header className="page-head">
      <div>
        <div className="row">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {beside}
        </div>
        {children}
      </div>
      {actions && <div className="row">{actions}</div>}
    </header>
  );
}
