import { useState } from 'react';
import { changeIntegration, readIntegration } from '../../api/integrations';
import { inPlainWords, Problem } from '../../api/problem';
import type { Integration } from '../../api/types';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { Field } from '../../components/Field';
import { JsonView } from '../../components/JsonView';
import { Notice } from '../../components/Notice';
import { toast } from '../../components/Toasts';
import { mergePatch, parseSettings, settingsOf } from './settings';

interface Props {
  item: Integration;
  etag: string | null;
  onClose: () => void;
  onChanged: () => void;
}

const layOut = (settings: Record<string, unknown>) => JSON.stringify(settings, null, 2);

/**
 * Edits the settings as JSON and sends what was touched. What was read when it opened is what the change is based on: when
 * somebody else changed the integration meanwhile, theirs is shown, and nothing is overwritten unseen.
 */
export function SettingsDialog({ item, etag, onClose, onChanged }: Props) {
  const [base, setBase] = useState({ settings: settingsOf(item), etag });
  const [text, setText] = useState(() => layOut(settingsOf(item)));
  const [theirs, setTheirs] = useState<typeof base | null>(null);
  const [wrong, setWrong] = useState('');
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  const save = async (onto: typeof base) => {
    const parsed = parseSettings(text);
    setFailure('');
    if ('wrong' in parsed) return setWrong(parsed.wrong);
    setWrong('');
    const patch = mergePatch(onto.settings, parsed.settings);
    if (Object.keys(patch).length === 0) return setFailure('Nothing was changed yet.');
    setBusy(true);
    try {
      await changeIntegration(item.id, patch, onto.etag);
      toast.good(`The settings of ${item.id} were changed.`);
      onChanged();
      onClose();
    } catch (error) {
      if (error instanceof Problem && error.status === 412) await showTheirs();
      else setFailure(inPlainWords(error));
      setBusy(false);
    }
  };

  const showTheirs = async () => {
    try {
      const now = await readIntegration(item.id);
      setTheirs({ settings: settingsOf(now.data), etag: now.etag });
    } catch (error) {
      setFailure(inPlainWords(error));
    }
  };
  const takeTheirs = () => {
    if (!theirs) return;
    setBase(theirs);
    setText(layOut(theirs.settings));
    setTheirs(null);
  };

  return (
    <Dialog
      title={`Settings of ${item.id}`}
      wide
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          {theirs ? (
            <>
              <Button onClick={takeTheirs}>Take theirs</Button>
              <Button kind="danger" busy={busy} onClick={() => save(theirs)}>
                Save mine over it
              </Button>
            </>
          ) : (
            <Button kind="primary" busy={busy} onClick={() => save(base)}>
              {busy ? 'Saving…' : 'Save'}
            </Button>
          )}
        </>
      }
    >
      <Field
        label="Settings as JSON"
        error={wrong}
        hint="What is “(redacted)” is kept as it is. Delivery goes on from where it is, with the new settings."
      >
        {(control) => (
          <textarea
            {...control}
            className="input"
            rows={20}
            spellCheck={false}
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Field>
      {failure && <Notice tone="bad">{failure}</Notice>}
      {theirs && (
        <>
          <Notice tone="warn">
            Somebody else changed this integration since you opened it. Nothing of yours was saved. This is what it is
            now:
          </Notice>
          <JsonView text={JSON.stringify(theirs.settings)} label="The settings now" />
        </>
      )}
    </Dialog>
  );
}
