import { useState } from 'react';
import type { DraftCheck } from '../../api/drafts';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import { Choice } from './Choice';
import { PAYLOADS } from './clouds';
import { errorAt, type FieldsProps } from './DestinationFields';
import { textAt, valueAt, withValue } from './settings';

interface Props extends FieldsProps {
  suggestions: DraftCheck['suggested_redact'];
}

/** Which part of an event is sent, and what is left out of it. */
export function PayloadFields({ suggestions, ...props }: Props) {
  const { settings, onChange } = props;
  const [path, setPath] = useState('');
  const redact = (valueAt(settings, 'redact') ?? []) as string[];
  const change = (next: string[]) => onChange(withValue(settings, 'redact', next.length ? next : undefined));
  const listed = [...suggestions.map((each) => each.path)];
  listed.push(...redact.filter((each) => !listed.includes(each)));
  const why = (each: string) => suggestions.find((one) => one.path === each)?.why;
  return (
    <>
      <Choice
        legend="What is sent of an event"
        value={textAt(settings, 'payload') || 'envelope'}
        onChange={(value) => onChange(withValue(settings, 'payload', value === 'envelope' ? undefined : value))}
        options={PAYLOADS}
      />
      <fieldset className="stack-s">
        <legend>What is left out</legend>
        <span className="soft small">
          Members that tell of whoever wrote an object. None is left out unless you choose it.
        </span>
        <div>
          {listed.map((each) => (
            <label key={each} className="check">
              <input
                type="checkbox"
                checked={redact.includes(each)}
                onChange={(event) =>
                  change(event.target.checked ? [...redact, each] : redact.filter((one) => one !== each))
                }
              />
              <span>
                <code>{each}</code> <span className="soft small">{why(each)}</span>
              </span>
            </label>
          ))}
        </div>
        <div className="path-row">
          <Field
            label="Another member"
            hint="Its path within obj, through arrays too: data.users.email"
            error={errorAt(props, 'redact')}
          >
            {(control) => (
              <input
                {...control}
                className="input mono"
                spellCheck={false}
                value={path}
                onChange={(event) => setPath(event.target.value)}
              />
            )}
          </Field>
          <Button
            onClick={() => {
              if (path.trim() && !redact.includes(path.trim())) change([...redact, path.trim()]);
              setPath('');
            }}
          >
            Leave it out
          </Button>
        </div>
      </fieldset>
    </>
  );
}
