import { useState } from 'react';
import type { Recent } from '../../api/drafts';
import { Problem } from '../../api/problem';
import { Field } from '../../components/Field';
import { errorAt, type FieldsProps } from './DestinationFields';
import { linesOf, valueAt, withValue } from './settings';

const EVENT_TYPES = ['create', 'update', 'delete'];
const OBJ_TYPES = ['objs', 'devices', 'health'];

const listAt = (settings: FieldsProps['settings'], path: string) => (valueAt(settings, path) ?? []) as string[];

/** Free text whose meaning is a list: what is typed stays as it is typed. */
function ListField({
  path,
  label,
  hint,
  rows,
  ...props
}: { path: string; label: string; hint: string; rows: number } & FieldsProps) {
  const { settings, onChange } = props;
  const list = listAt(settings, path);
  const [text, setText] = useState(list.join('\n'));
  const shown = linesOf(text).join('\n') === list.join('\n') ? text : list.join('\n');
  return (
    <Field label={label} hint={hint} error={errorAt(props, path)}>
      {(control) => (
        <textarea
          {...control}
          className="input"
          rows={rows}
          spellCheck={false}
          value={shown}
          onChange={(event) => {
            setText(event.target.value);
            const lines = linesOf(event.target.value);
            onChange(withValue(settings, path, lines.length ? lines : undefined));
          }}
        />
      )}
    </Field>
  );
}

function Words({
  path,
  legend,
  words,
  settings,
  onChange,
}: { path: string; legend: string; words: string[] } & FieldsProps) {
  const list = listAt(settings, path);
  const chosen = list.length ? list : words;
  const change = (word: string, on: boolean) => {
    const next = words.filter((each) => (each === word ? on : chosen.includes(each)));
    // None is not a choice, and all is what leaving it out means.
    if (next.length) onChange(withValue(settings, path, next.length === words.length ? undefined : next));
  };
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div className="row checks">
        {words.map((word) => (
          <label key={word} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(word)}
              onChange={(event) => change(word, event.target.checked)}
            />
            <span>{word}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** What of the org's stream was written lately, and which of it the filter asks for. */
function RecentStreams({ recent, settings, onChange }: { recent: Recent } & FieldsProps) {
  const patterns = listAt(settings, 'filter.recTypes');
  if (recent.recTypes.length === 0)
    return <p className="soft small">Nothing was written lately: the filter cannot be tried on anything yet.</p>;
  return (
    <div className="stack-s">
      <p className="small" aria-live="polite">
        Of the org’s last {recent.events} events this asks for <strong>{recent.matching}</strong>.
      </p>
      <ul className="list-plain recent">
        {recent.recTypes.slice(0, 12).map((each) => (
          <li key={each.recType}>
            <button
              type="button"
              className={each.matching > 0 ? 'recent-type is-matching' : 'recent-type'}
              title="Ask for this recType"
              disabled={patterns.includes(each.recType)}
              onClick={() => onChange(withValue(settings, 'filter.recTypes', [...patterns, each.recType]))}
            >
              <code>{each.recType}</code>
              <span>{each.matching > 0 ? `${each.matching} match` : 'does not match'}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

interface Props extends FieldsProps {
  recent: Recent | null;
  failure: unknown;
}

export function FilterFields({ recent, failure, ...props }: Props) {
  const mayNotRead = failure instanceof Problem && failure.status === 403;
  return (
    <>
      <ListField
        path="filter.recTypes"
        label="recTypes"
        hint="One pattern a line. * stands for one part, ** for any number of parts: io.acme.**. Empty: every recType."
        rows={3}
        {...props}
      />
      {recent && failure === null && <RecentStreams recent={recent} {...props} />}
      {mayNotRead && (
        <p className="soft small">
          Your token may not read events (SHARE:READ), so what was written lately is not shown.
        </p>
      )}
      <details>
        <summary>Narrow it further</summary>
        <div className="stack inset">
          <Words path="filter.event_types" legend="Kinds of event" words={EVENT_TYPES} {...props} />
          <Words path="filter.obj_types" legend="Kinds of object" words={OBJ_TYPES} {...props} />
          <ListField
            path="filter.tags"
            label="Tags (optional)"
            hint="One a line: only objects that have all of them."
            rows={2}
            {...props}
          />
        </div>
      </details>
    </>
  );
}
