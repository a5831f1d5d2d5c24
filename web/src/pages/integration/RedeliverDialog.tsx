import { useEffect, useRef, useState } from 'react';
import { type DeadLetterSelection, redeliver } from '../../api/integrations';
import { asSentence, inPlainWords } from '../../api/problem';
import type { RedeliverOutcome } from '../../api/types';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { Notice } from '../../components/Notice';
import { plural } from '../../format/numbers';

interface Props {
  id: string;
  selection: DeadLetterSelection;
  which: string;
  onClose: () => void;
  onChanged: () => void;
}

/**
 * Asks first, then sends until all were tried: a call takes part of them when there are many, and says whether to ask again.
 * Closing the dialog stops asking.
 */
export function RedeliverDialog({ id, selection, which, onClose, onChanged }: Props) {
  const [phase, setPhase] = useState<'ask' | 'working' | 'done'>('ask');
  const [delivered, setDelivered] = useState(0);
  const [outcome, setOutcome] = useState<RedeliverOutcome | null>(null);
  const [failure, setFailure] = useState('');
  const isOpen = useRef(true);
  useEffect(() => {
    isOpen.current = true;
    return () => {
      isOpen.current = false;
    };
  }, []);

  const begin = async () => {
    setPhase('working');
    let total = 0;
    try {
      while (isOpen.current) {
        const answer = await redeliver(id, selection);
        total += answer.redelivered;
        setDelivered(total);
        setOutcome(answer);
        if (answer.complete) break;
      }
    } catch (error) {
      setFailure(inPlainWords(error));
    }
    setPhase('done');
    onChanged();
  };

  return (
    <Dialog
      title="Redeliver dead letters"
      onClose={onClose}
      actions={
        phase === 'ask' ? (
          <>
            <Button onClick={onClose}>Cancel</Button>
            <Button kind="primary" onClick={begin}>
              Redeliver {which}
            </Button>
          </>
        ) : (
          <Button kind="primary" onClick={onClose}>
            {phase === 'working' ? 'Stop after these' : 'Close'}
          </Button>
        )
      }
    >
      {phase === 'ask' && (
        <p>
          Sends them again in their order, at the integration’s pace. What is accepted counts as delivered and leaves
          the dead letters; what is refused again stays. Consumers get these events later than others of the same key.
        </p>
      )}
      <div aria-live="polite" className="stack-s">
        {phase === 'working' && <p>Sending… {plural(delivered, 'event')} delivered so far.</p>}
        {phase === 'done' && outcome && (
          <Notice tone={outcome.left > 0 || failure ? 'warn' : 'good'}>
            {plural(delivered, 'event')} delivered; {plural(outcome.left, 'dead letter')} left.
            {outcome.error && (
              <>
                {' '}
                {asSentence(outcome.error.message)} {asSentence(outcome.error.hint)}
              </>
            )}
          </Notice>
        )}
        {failure && <Notice tone="bad">{failure}</Notice>}
      </div>
    </Dialog>
  );
}
