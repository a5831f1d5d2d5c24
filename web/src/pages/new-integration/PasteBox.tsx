import { useRef, useState } from 'react';
import { type Recognised, recognise, type Refused } from '../../api/drafts';
import { asSentence, inPlainWords } from '../../api/problem';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import { Notice } from '../../components/Notice';
import { type Cloud, cloudOf } from './clouds';

interface Props {
  type: string;
  cloud: Cloud | undefined;
  onRecognised: (found: Recognised, text: string) => void;
}

/** Takes whatever a cloud's console handed over, says what it is, and lets go of it: it is not shown again. */
export function PasteBox({ type, cloud, onRecognised }: Props) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Recognised | null>(null);
  const [choice, setChoice] = useState<Recognised[]>([]);
  const [refused, setRefused] = useState<Refused[]>([]);
  const [failure, setFailure] = useState('');
  const asked = useRef('');

  const take = (found: Recognised, from: string) => {
    setTold(found);
    setChoice([]);
    setRefused([]);
    setFailure('');
    setText('');
    onRecognised(found, from);
  };

  const look = async (given: string) => {
    asked.current = given;
    setTold(null);
    setChoice([]);
    setRefused([]);
    setFailure('');
    if (!given.trim()) return;
    setBusy(true);
    try {
      const { recognised, refused } = await recognise(given);
      if (asked.current !== given) return;
      const fits =
        recognised.find((found) => found.type === type) ?? (recognised.length === 1 && !type && recognised[0]);
      if (fits) take(fits, given);
      else setChoice(recognised);
      setRefused(recognised.length ? [] : refused);
      if (!recognised.length && !refused.length)
        setFailure(
          cloud
            ? `This is nothing that Sluice knows of ${cloud.vendor}’s console. Expected: ${cloud.paste.map((paste) => paste.what.toLowerCase()).join(', or ')}. Was all of it copied?`
            : 'This is nothing that Sluice knows of any console. Was all of it copied?',
        );
    } catch (error) {
      if (asked.current === given) setFailure(inPlainWords(error));
    } finally {
      if (asked.current === given) setBusy(false);
    }
  };

  return (
    <div className="stack-s">
      <Field
        label="Paste here"
        hint="Whatever the console handed over, as it is: quotes, line breaks and blanks around it do no harm."
        error={failure}
      >
        {(control) => (
          <textarea
            {...control}
            className="input"
            rows={3}
            value={text}
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => {
              setText(event.target.value);
              void look(event.target.value);
            }}
          />
        )}
      </Field>
      <div aria-live="polite" className="stack-s">
        {busy && <span className="soft small">Looking at it…</span>}
        {told && <Notice tone="good">Recognised: {told.artefact}. It is kept in the form and not shown again.</Notice>}
        {choice.length > 0 && (
          <Notice>
            <div className="stack-s">
              <span>This is {choice[0]!.artefact}. Where is it to be used?</span>
              <div className="row">
                {choice.map((found) => (
                  <Button key={found.type} small onClick={() => take(found, text)}>
                    {cloudOf(found.type)?.name ?? found.type}
                  </Button>
                ))}
              </div>
            </div>
          </Notice>
        )}
        {refused.map((what) => (
          <Notice key={what.message} tone="bad">
            {asSentence(`This ${what.message}`)} {asSentence(what.hint)}
          </Notice>
        ))}
      </div>
    </div>
  );
}
