import { useState } from 'react';
import type { Fact, Preview, Recent } from '../../api/drafts';
import { asSentence, inPlainWords } from '../../api/problem';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import { JsonView } from '../../components/JsonView';
import { Notice } from '../../components/Notice';

interface Props {
  preview: Preview | null;
  failure: unknown;
  isRight: boolean;
  recent: Recent | null;
  sequence: string;
  onSequence: (sequence: string) => void;
}

function Facts({ title, facts }: { title: string; facts: Fact[] }) {
  if (facts.length === 0) return null;
  return (
    <details>
      <summary>
        {title} ({facts.length})
      </summary>
      <dl className="facts small inset">
        {facts.map(({ name, value }) => (
          <div key={name} className="fact">
            <dt>{name}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

/** Exactly what would be sent, made by what sends it. */
export function PreviewPane({ preview, failure, isRight, recent, sequence, onSequence }: Props) {
  const [isFormatted, setFormatted] = useState(true);
  if (!isRight)
    return <p className="soft">Once the settings are complete, this shows exactly what will be sent, byte for byte.</p>;
  return (
    <div className="stack-s">
      {recent && recent.recTypes.length > 0 && (
        <Field label="Shown for">
          {(control) => (
            <select
              {...control}
              className="input"
              value={sequence}
              onChange={(event) => onSequence(event.target.value)}
            >
              <option value="">a sample event</option>
              {recent.recTypes.map((each) => (
                <option key={each.recType} value={each.last_sequence}>
                  the latest {each.recType}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {failure !== null && <Notice tone="bad">{inPlainWords(failure)}</Notice>}
      {preview && failure === null && (
        <>
          {preview.error ? (
            <Notice tone="warn">
              This event would become a dead letter: {asSentence(preview.error.message)}{' '}
              {asSentence(preview.error.hint)}
            </Notice>
          ) : (
            <dl className="facts small">
              <dt>To</dt>
              <dd>
                <code>{preview.target}</code>
              </dd>
              {preview.key && (
                <>
                  <dt>Key</dt>
                  <dd>
                    <code>{preview.key}</code>
                  </dd>
                </>
              )}
              <dt>Body</dt>
              <dd>
                {preview.body_bytes} bytes, {preview.content_type}
              </dd>
            </dl>
          )}
          <div className="spread">
            <h3>{isFormatted ? 'Body, laid out for reading' : 'Body, byte for byte'}</h3>
            <Button small onClick={() => setFormatted(!isFormatted)}>
              {isFormatted ? 'Show it byte for byte' : 'Lay it out for reading'}
            </Button>
          </div>
          {isFormatted ? (
            <JsonView text={preview.body} label="The body that would be sent" />
          ) : (
            <pre className="json" tabIndex={0} role="group" aria-label="The body that would be sent">
              {preview.body}
            </pre>
          )}
          {preview.redacted.length > 0 && (
            <p className="small">
              Left out:{' '}
              {preview.redacted.map((each, index) => (
                <span key={each.path}>
                  {index > 0 && ', '}
                  <code>{each.path}</code>
                  {!each.present && ' (which this event does not have)'}
                </span>
              ))}
            </p>
          )}
          <Facts title="Beside the body" facts={preview.metadata} />
          <Facts title="How the service places it" facts={preview.addressing} />
        </>
      )}
    </div>
  );
}
