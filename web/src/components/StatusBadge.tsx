import type { State } from '../api/types';
import { Icon, type IconName } from './Icon';
import type { Tone } from './Notice';

export const STATE_LOOKS: Record<State, { tone: Tone; icon: IconName; word: string; means: string }> = {
  running: { tone: 'good', icon: 'check', word: 'Running', means: 'delivers' },
  paused: { tone: 'calm', icon: 'paused', word: 'Paused', means: 'waits for somebody to resume it' },
  throttled: {
    tone: 'warn',
    icon: 'throttled',
    word: 'Throttled',
    means: 'held back by the service or by its rate limit',
  },
  failing: { tone: 'bad', icon: 'alert', word: 'Failing', means: 'some or all of its targets refuse' },
  blocked: { tone: 'stop', icon: 'blocked', word: 'Blocked', means: 'cannot go on until somebody acts' },
};

export function StatusBadge({ state }: { state: State }) {
  const looks = STATE_LOOKS[state];
  return (
    <span className={`badge tone-${looks.tone}`}>
      <Icon name={looks.icon} />
      {looks.word}
    </span>
  );
}
