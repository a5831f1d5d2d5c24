import { type FormEvent, useState } from 'react';
import { startReplay } from '../../api/integrations';
import { inPlainWords } from '../../api/problem';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { Field } from '../../components/Field';
import { Notice } from '../../components/Notice';
import { toast } from '../../components/Toasts';
import { boundary, type By } from './replay';

export function ReplayDialog({ id, onClose, onStarted }: { id: string; onClose: () => void; onStarted: () => void }) {
  const [by, setBy] = useState<By>('time');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [missing, setMissing] = useState('');
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  const choose = (next: By) => {
    setBy(next);
    setFrom('');
    setTo('');
    setMissing('');
    setFailure('');
  };
  const start = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    if (!from.trim()) return setMissing('Say where to begin.');
    setBusy(true);
    setMissing('');
    setFailure('');
    try {
      const until = boundary(by, to);
      const replay = await startReplay(id, { from: boundary(by, from), ...(until && { to: until }) });
      toast.good(`The replay of ${replay.from} to ${replay.to} has begun.`);
      onStarted();
      onClose();
    } catch (error) {
      setFailure(inPlainWords(error));
      setBusy(false);
    }
  };
  const type = by === 'time' ? 'datetime-local' : 'text';
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <Dialog
      title={`Replay to ${id}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="replay-form" busy={busy}>
            Start the replay
          </Button>
        </>
      }
    >
      <p>
        Sends again what matches in a part of the log, beside live delivery and at a fifth of its pace at most.
        Consumers may see these events twice.
      </p>
      <form id="replay-form" className="stack" onSubmit={start} noValidate>
        <fieldset className="row">
          <legend className="visually-hidden">How to say which events</legend>
          {(['time', 'sequence'] as const).map((each) => (
            <label key={each} className="check">
              <input type="radio" name="by" checked={by === each} onChange={() => choose(each)} />
              By {each}
            </label>
          ))}
        </fieldset>
        <Field
          label="From"
          error={missing}
          hint={by === 'time' ? `In your time zone, ${zone}` : 'The first sequence to send again'}
        >
          {(control) => (
            <input
              {...control}
              key={type}
              className="input"
              type={type}
              step={type === 'text' ? undefined : 1}
              value={from}
              onChange={(event) => setFrom(event.target.value)}
            />
          )}
        </Field>
        <Field label="To (optional)" hint="Leave it empty for everything up to now">
          {(control) => (
            <input
              {...control}
              key={type}
              className="input"
              type={type}
              step={type === 'text' ? undefined : 1}
              value={to}
              onChange={(event) => setTo(event.target.value)}
            />
          )}
        </Field>
      </form>
      {failure && <Notice tone="bad">{failure}</Notice>}
    </Dialog>
  );
}
