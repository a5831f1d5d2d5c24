import { useState } from 'react';
import type { DraftProblem, DraftSettings } from '../../api/drafts';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import type { Cloud, Extra } from './clouds';
import { inField, isMissing, problemAt } from './problems';
import { REDACTED, textAt, valueAt, withValue } from './settings';

export interface FieldsProps {
  settings: DraftSettings;
  onChange: (settings: DraftSettings) => void;
  problems: DraftProblem[];
  /** What is missing is told too: somebody has tried to go on. */
  strict: boolean;
}

export function errorAt({ problems, strict }: FieldsProps, path: string): string {
  const problem = problemAt(problems, path);
  return problem && (strict || !isMissing(problem)) ? inField(problem) : '';
}

function ExtraField({ extra, ...props }: { extra: Extra } & FieldsProps) {
  const { settings, onChange } = props;
  const value = textAt(settings, extra.path);
  const change = (next: string) => onChange(withValue(settings, extra.path, next));
  return (
    <Field label={extra.label} hint={extra.hint} error={errorAt(props, extra.path)}>
      {(control) =>
        extra.options ? (
          <select {...control} className="input" value={value} onChange={(event) => change(event.target.value)}>
            {extra.options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.label}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...control}
            className="input"
            type={extra.secret ? 'password' : 'text'}
            autoComplete="off"
            spellCheck={false}
            placeholder={value === REDACTED ? 'kept as it is' : extra.placeholder}
            value={value === REDACTED ? '' : value}
            onChange={(event) => change(event.target.value)}
          />
        )
      }
    </Field>
  );
}

/** IoT Hub: other devices for some recTypes, each pasted as the first was. */
function Devices(props: FieldsProps) {
  const { settings, onChange } = props;
  const [pattern, setPattern] = useState('');
  const [text, setText] = useState('');
  const given = valueAt(settings, 'destination.devices');
  const devices = typeof given === 'object' && given !== null ? Object.keys(given) : [];
  const destination = (settings.destination ?? {}) as Record<string, unknown>;
  const change = (next: Record<string, unknown>) => {
    const { devices: _, ...rest } = destination;
    onChange({ ...settings, destination: Object.keys(next).length ? { ...rest, devices: next } : rest });
  };
  const all = (given ?? {}) as Record<string, unknown>;
  return (
    <fieldset className="stack-s">
      <legend>Other devices for some recTypes (optional)</legend>
      <ul className="list-plain stack-s">
        {devices.map((name) => (
          <li key={name} className="row">
            <code className="break">{name}</code>
            <span className="soft">has a device of its own</span>
            <Button
              small
              aria-label={`Remove the device for ${name}`}
              onClick={() => change(Object.fromEntries(Object.entries(all).filter(([each]) => each !== name)))}
            >
              Remove
            </Button>
          </li>
        ))}
      </ul>
      <div className="device-row">
        <Field label="recType pattern" error={errorAt(props, 'destination.devices')}>
          {(control) => (
            <input
              {...control}
              className="input"
              placeholder="io.acme.door.**"
              value={pattern}
              onChange={(event) => setPattern(event.target.value)}
            />
          )}
        </Field>
        <Field label="Its device’s Primary connection string">
          {(control) => (
            <input
              {...control}
              className="input"
              type="password"
              autoComplete="off"
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
        <Button
          onClick={() => {
            if (!pattern.trim() || !text.trim()) return;
            change({ ...all, [pattern.trim()]: text });
            setPattern('');
            setText('');
          }}
        >
          Add device
        </Button>
      </div>
    </fieldset>
  );
}

/** What the console's text does not say. */
export function DestinationFields({ cloud, ...props }: { cloud: Cloud } & FieldsProps) {
  const isAsked = (extra: Extra) => !extra.unless || !textAt(props.settings, extra.unless);
  const more = cloud.more.some((extra) => textAt(props.settings, extra.path));
  return (
    <>
      {cloud.extras.filter(isAsked).map((extra) => (
        <ExtraField key={extra.path} extra={extra} {...props} />
      ))}
      <details open={more || undefined}>
        <summary>More connection settings</summary>
        <div className="stack inset">
          {cloud.type === 'iot_hub' && <Devices {...props} />}
          {cloud.more.map((extra) => (
            <ExtraField key={extra.path} extra={extra} {...props} />
          ))}
        </div>
      </details>
    </>
  );
}
