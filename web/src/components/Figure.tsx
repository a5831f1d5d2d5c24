import type { ReactNode } from 'react';

/** One number that matters, its name, and what to know about it. */
export function Figure({
  name,
  value,
  unit,
  children,
}: {
  name: string;
  value: ReactNode;
  unit?: string;
  children?: ReactNode;
}) {
  return (
    <div className="card figure">
      <div className="figure-name">{name}</div>
      <div className="figure-value">
        {value}
        {unit && <small>{unit}</small>}
      </div>
      {children && <div className="figure-note break">{children}</div>}
    </div>
  );
}
