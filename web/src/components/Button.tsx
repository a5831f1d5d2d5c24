import type { ButtonHTMLAttributes } from 'react';
import { Icon, type IconName } from './Icon';

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  icon?: IconName;
  small?: boolean;
  /** Something is under way: it cannot be pressed again, and keeps the focus. */
  busy?: boolean;
}

export function Button({ kind = 'plain', icon, small, busy, className = '', children, onClick, ...rest }: Props) {
  const names = ['button', kind !== 'plain' && `button-${kind}`, small && 'button-small', !children && 'button-icon'];
  return (
    <button
      type="button"
      className={[...names, className].filter(Boolean).join(' ')}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
