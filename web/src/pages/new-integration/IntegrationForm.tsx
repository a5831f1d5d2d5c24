import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { DraftSettings, Recognised } from '../../api/drafts';
import { checkDraft, recentRecTypes } from '../../api/drafts';
import { asSentence, inPlainWords } from '../../api/problem';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import { Icon } from '../../components/Icon';
import { Notice } from '../../components/Notice';
import { CLOUDS, cloudOf } from './clouds';
import { DestinationFields, errorAt, type FieldsProps } from './DestinationFields';
import { FilterFields } from './FilterFields';
import { OrderFields } from './OrderFields';
import { PasteBox } from './PasteBox';
import { PayloadFields } from './PayloadFields';
import { PreviewPane } from './PreviewPane';
import { inField } from './problems';
import { suggestedId, textAt, withPasted, withType, withValue } from './settings';
import { TryIt } from './TryIt';
import { useAnswer, useCheck, usePreview } from './useDraft';
import './new-integration.css';

interface Props {
  /** What the form begins with. */
  initial: DraftSettings;
  /** The integration that is changed; none: a new one. */
  editing?: string;
  save: (settings: DraftSettings) => Promise<void>;
}

function Section({ number, title, children }: { number: number; title: string; children: ReactNode }) {
  return (
    <section className="card stack" aria-labelledby={`step-${number}`}>
      <h2 id={`step-${number}`}>
        <span className="step-number" aria-hidden="true">
          {number}
        </span>
        {title}
      </h2>
      {children}
    </section>
  );
}

/** The whole of setting an integration up, on one page: nothing is kept anywhere until it is saved. */
export function IntegrationForm({ initial, editing, save }: Props) {
  const [settings, setSettings] = useState(initial);
  const [hasOwnId, setOwnId] = useState(Boolean(editing));
  const [strict, setStrict] = useState(false);
  const [sequence, setSequence] = useState('');
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState('');
  const todo = useRef<HTMLDivElement>(null);

  const type = textAt(settings, 'destination.type');
  const cloud = cloudOf(type);
  const draft = { settings, ...(editing ? { id: editing } : {}) };
  const check = useCheck(draft);
  const problems = type ? (check.answer?.problems ?? []) : [];
  const isRight = Boolean(type && check.answer?.ok && check.isCurrent && !check.failure);
  const preview = usePreview(draft, isRight, sequence);
  const asked = { id: draft.id, settings: { org: settings.org, filter: settings.filter } };
  const recent = useAnswer(JSON.stringify(asked), (signal) => recentRecTypes(asked, signal));
  const org = check.answer?.settings.org ?? '';

  // Until somebody names it, its name follows from the org and the destination.
  useEffect(() => {
    if (hasOwnId || !type || !org) return;
    const id = suggestedId(org, type);
    if (textAt(settings, 'id') !== id) setSettings((before) => withValue(before, 'id', id));
  }, [hasOwnId, type, org, settings]);

  const fields: FieldsProps = { settings, onChange: setSettings, problems, strict };
  const paste = (found: Recognised, text: string) =>
    setSettings((before) => withPasted(before, found.type, found.member, text));

  /** Whether there is something to try; else shows what is missing. Asks afresh: the last change may be a moment old. */
  const mayTry = async () => {
    setStrict(true);
    if (isRight || (type && (await checkDraft(draft)).ok)) return true;
    setTimeout(() => todo.current?.focus());
    return false;
  };

  const submit = async () => {
    setSaving(true);
    setFailure('');
    try {
      if (await mayTry()) await save(settings);
    } catch (error) {
      setFailure(inPlainWords(error));
    }
    setSaving(false);
  };

  const ids = (
    <Field
      label="Name"
      hint="Its id, in addresses and in the log: a-z, 0-9 and hyphens. It cannot be changed later."
      error={errorAt(fields, 'id')}
    >
      {(control) => (
        <input
          {...control}
          className="input"
          value={textAt(settings, 'id')}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => {
            setOwnId(true);
            setSettings(withValue(settings, 'id', event.target.value));
          }}
        />
      )}
    </Field>
  );

  return (
    <form
      className="new-integration"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div className="stack">
        <Section number={1} title="Where the events go">
          <fieldset>
            <legend className="visually-hidden">Destination</legend>
            <div className="clouds">
              {CLOUDS.map((each) => (
                <label key={each.type} className="cloud">
                  <input
                    type="radio"
                    name="cloud"
                    className="visually-hidden"
                    checked={type === each.type}
                    onChange={() => setSettings(withType(settings, each.type))}
                  />
                  <span className="vendor">{each.vendor}</span>
                  <strong>{each.name}</strong>
                  <span className="soft small">{each.summary}</span>
                </label>
              ))}
            </div>
          </fieldset>
          {!type && <p className="soft">Or paste first: Sluice says what it is and chooses for you.</p>}
          {cloud && (
            <dl className="where">
              {cloud.paste.map((each) => (
                <div key={each.what}>
                  <dt>{each.what}</dt>
                  <dd className="soft">{each.where}</dd>
                </div>
              ))}
            </dl>
          )}
          <PasteBox type={type} cloud={cloud} onRecognised={paste} />
          {type && check.answer && check.answer.facts.length > 0 && (
            <dl className="facts recognised" aria-label="What was recognised" aria-live="polite">
              {check.answer.facts.map(({ name, value }) => (
                <div key={`${name} ${value}`} className="fact">
                  <dt>{name}</dt>
                  <dd>{value}</dd>
                </div>
              ))}
            </dl>
          )}
          {cloud && <DestinationFields cloud={cloud} {...fields} />}
          {type && !cloud && (
            <Notice>
              The settings of a {type} destination are kept as they are; they are changed through the API.
            </Notice>
          )}
        </Section>

        <Section number={2} title="Which events">
          <FilterFields recent={recent.answer} failure={recent.failure} {...fields} />
        </Section>

        <Section number={3} title="Order">
          <OrderFields cloud={cloud} isNew={!editing} {...fields} />
        </Section>

        <Section number={4} title="What is sent">
          <PayloadFields suggestions={check.answer?.suggested_redact ?? []} {...fields} />
        </Section>

        <Section number={5} title={editing ? 'Try it and save' : 'Name it, try it, save it'}>
          {!editing && ids}
          {strict && !isRight && (
            <div ref={todo} tabIndex={-1} className="todo">
              <Notice tone="warn">
                {!type && <p>Choose where the events go, or paste what the console handed over.</p>}
                {problems.map((problem) => (
                  <p key={problem.field}>
                    <code>{problem.field}</code> {inField(problem)}
                  </p>
                ))}
                {check.failure !== null && <p>{asSentence(inPlainWords(check.failure))}</p>}
                {type && problems.length === 0 && check.failure === null && <p>Checking the settings…</p>}
              </Notice>
            </div>
          )}
          <TryIt draft={draft} onTry={mayTry} />
          {failure && <Notice tone="bad">{failure}</Notice>}
          <div className="row">
            <Button kind="primary" type="submit" busy={saving}>
              {saving ? 'Saving…' : editing ? 'Save the changes' : 'Save and start'}
            </Button>
            {isRight && (
              <span className="soft small row">
                <Icon name="check" /> The settings are complete.
              </span>
            )}
          </div>
        </Section>
      </div>

      <aside className="card stack preview" aria-labelledby="preview-title">
        <h2 id="preview-title">What will be sent</h2>
        <PreviewPane
          preview={preview.answer}
          failure={preview.failure}
          isRight={isRight}
          recent={recent.answer}
          sequence={sequence}
          onSequence={setSequence}
        />
      </aside>
    </form>
  );
}
