import { type ReactNode, useState } from 'react';
import { inPlainWords } from '../api/problem';
import { Button } from './Button';
import { Dialog } from './Dialog';
import { Notice } from './Notice';

interface Props {
  title: string;
  /** What the button says: a verb, never "OK". */
  verb: string;
  danger?: boolean;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
  children: ReactNode;
}

/** Asks before something that cannot be taken back. Stays open, and says why, when it fails. */
export function Confirm({ title, verb, danger, onConfirm, onClose, children }: Props) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState('');
  const confirm = async () => {
    setBusy(true);
    setFailure('');
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setFailure(inPlainWords(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind={danger ? 'danger' : 'primary'} busy={busy} onClick={confirm}>
            {busy ? 'Working…' : verb}
          </Button>
        </>
      }
    >
      {children}
      {failure && <Notice tone="bad">{failure}</Notice>}
    </Dialog>
  );
}
