import type { ReactNode } from 'react';
import { inPlainWords } from '../api/problem';
import { Button } from './Button';
import { Icon, type IconName } from './Icon';

export type Tone = 'good' | 'calm' | 'warn' | 'bad' | 'stop';

const ICONS: Record<Tone, IconName> = { good: 'check', calm: 'info', warn: 'alert', bad: 'alert', stop: 'blocked' };

export function Notice({ tone = 'calm', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <div className={`notice tone-${tone}`} role={tone === 'bad' || tone === 'stop' ? 'alert' : undefined}>
      <Icon name={ICONS[tone]} />
      <div>{children}</div>
    </div>
  );
}

/** Something could not be loaded: why, and another try. */
export function LoadFailure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  return (
    <Notice tone="bad">
      <div className="spread">
        <span>{inPlainWords(error)}</span>
        {onRetry && (
          <Button small onClick={onRetry}>
            Try again
          </Button>
        )}
      </div>
    </Notice>
  );
}

export function Loading({ what }: { what: string }) {
  return (
    <p className="loading" role="status">
      Loading {what}…
    </p>
  );
}

/** Nothing there (yet): says what to do next. */
export function Empty({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}
