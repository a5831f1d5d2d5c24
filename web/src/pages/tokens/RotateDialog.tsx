import { type FormEvent, useState } from 'react';
import { type IssuedToken, rotateToken, type Token } from '../../api/access';
import { inPlainWords } from '../../api/problem';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { Field } from '../../components/Field';
import { Notice } from '../../components/Notice';

const OVERLAPS = [
  ['24h', 'A day'],
  ['1h', 'An hour'],
  ['7d', 'A week'],
  ['', 'Not at all: it stops at once'],
] as const;

interface Props {
  token: Token;
  onClose: () => void;
  onIssued: (token: IssuedToken) => void;
}

export function RotateDialog({ token, onClose, onIssued }: Props) {
  const [overlap, setOverlap] = useState('24h');
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const rotate = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailure('');
    try {
      onIssued(await rotateToken(token.id, overlap));
    } catch (error) {
      setFailure(inPlainWords(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={`Rotate ${token.name}`}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="rotate-token" busy={busy}>
            Rotate
          </Button>
        </>
      }
    >
      <form id="rotate-token" onSubmit={rotate}>
        <Field
          label="The text before goes on working for"
          hint="Long enough to give the new text to whoever uses it. After a leak: not at all."
        >
          {(control) => (
            <select {...control} className="input" value={overlap} onChange={(event) => setOverlap(event.target.value)}>
              {OVERLAPS.map(([value, title]) => (
                <option key={value} value={value}>
                  {title}
                </option>
              ))}
            </select>
          )}
        </Field>
      </form>
      {failure && <Notice tone="bad">{failure}</Notice>}
    </Dialog>
  );
}
