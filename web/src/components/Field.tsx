import { type ReactNode, useId } from 'react';
import { Icon } from './Icon';

interface Props {
  label: string;
  hint?: ReactNode;
  error?: string;
  className?: string;
  /** Draws the control; what it is given ties label, hint and error to it. */
  children: (control: {
    id: string;
    'aria-describedby': string | undefined;
    'aria-invalid': true | undefined;
  }) => ReactNode;
}

/** A label, a control, what it is for, and what is wrong with it. */
export function Field({ label, hint, error, className = '', children }: Props) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error ? true : undefined })}
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span className="error" id={`${id}-error`} role="alert">
          <Icon name="alert" />
          <span>{error}</span>
        </span>
      )}
    </div>
  );
}
