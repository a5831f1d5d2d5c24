import { asSentence } from '../../api/problem';
import type { ErrorClass, Integration } from '../../api/types';
import { Notice, type Tone } from '../../components/Notice';
import { STATE_LOOKS } from '../../components/StatusBadge';
import { Time } from '../../components/Time';
import { ERROR_WORDS } from '../../words/errors';

/** What is wrong, what it means, and what to do: in this order. Nothing when all is well. */
export function Trouble({ item }: { item: Integration }) {
  const error = item.stats.last_error;
  if (item.state === 'running' && !error) return null;
  if (item.state === 'running' && error)
    return (
      <Notice tone="calm">
        <p className="small">
          It delivers. The latest error was <Time at={error.at} />: {ERROR_WORDS[error.class]?.title.toLowerCase()} (
          <code>{error.code}</code>). {asSentence(error.message)}
        </p>
      </Notice>
    );
  const looks = STATE_LOOKS[item.state];
  return (
    <Notice tone={looks.tone as Tone}>
      <div className="stack-s">
        <p>
          <strong>{asSentence(item.reason || looks.means)}</strong>
        </p>
        {error && item.state !== 'paused' && (
          <>
            <p>
              {ERROR_WORDS[error.class as ErrorClass]?.title}: {asSentence(error.message)}{' '}
              {ERROR_WORDS[error.class as ErrorClass]?.means}
            </p>
            {error.hint && (
              <p>
                <strong>What to do: </strong>
                {asSentence(error.hint)}
              </p>
            )}
            <p className="soft small">
              {error.code && (
                <>
                  <code>{error.code}</code>,{' '}
                </>
              )}
              {error.target && <>at {error.target}, </>}
              <Time at={error.at} />
              {error.next_attempt_at && (
                <>
                  ; next attempt <Time at={error.next_attempt_at} />
                </>
              )}
            </p>
          </>
        )}
      </div>
    </Notice>
  );
}
