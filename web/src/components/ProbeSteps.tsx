import { asSentence } from '../api/problem';
import type { ProbeStep } from '../api/types';
import { Icon, type IconName } from './Icon';
import type { Tone } from './Notice';

const OUTCOMES: Record<ProbeStep['outcome'], { tone: Tone; icon: IconName; word: string }> = {
  ok: { tone: 'good', icon: 'check', word: 'Passed' },
  warning: { tone: 'warn', icon: 'info', word: 'Not sure' },
  failed: { tone: 'bad', icon: 'alert', word: 'Failed' },
  skipped: { tone: 'calm', icon: 'paused', word: 'Not tried' },
};

/** A test, step by step: what passed, what did not, and what to fix. */
export function ProbeSteps({ steps }: { steps: ProbeStep[] }) {
  return (
    <ol className="steps list-plain">
      {steps.map((step, index) => {
        const looks = OUTCOMES[step.outcome] ?? OUTCOMES.skipped;
        return (
          <li key={index}>
            <span className={`badge tone-${looks.tone}`}>
              <Icon name={looks.icon} />
              {looks.word}
            </span>
            <div>
              <strong>{asSentence(step.name).replace(/\.$/, '')}</strong>
              {step.detail && <p className="soft small break">{asSentence(step.detail)}</p>}
              {step.hint && (
                <p className="small break">
                  <strong>What to do: </strong>
                  {asSentence(step.hint)}
                </p>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
