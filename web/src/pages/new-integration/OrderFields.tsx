import { Field } from '../../components/Field';
import { Choice } from './Choice';
import { type Cloud, KEYS } from './clouds';
import { errorAt, type FieldsProps } from './DestinationFields';
import { textAt, withValue } from './settings';

const OWN = 'own';

/** What is kept in order, and what that means there. */
export function OrderFields({ cloud, isNew, ...props }: { cloud: Cloud | undefined; isNew: boolean } & FieldsProps) {
  const { settings, onChange } = props;
  const isKeyed = textAt(settings, 'ordering') !== 'none';
  const key = textAt(settings, 'key') || '{id}';
  const isKnown = KEYS.some((each) => each.value === key);
  const chosen = !isKeyed ? 'none' : isKnown ? key : OWN;
  const choose = (value: string) => {
    const { ordering: _, key: __, ...rest } = settings;
    if (value === 'none') onChange({ ...rest, ordering: 'none' });
    else if (value === OWN) onChange({ ...rest, key: '{obj.data.}' });
    else onChange(value === '{id}' ? rest : { ...rest, key: value });
  };
  return (
    <>
      <Choice
        legend="What arrives in order"
        value={chosen}
        onChange={choose}
        options={[
          ...KEYS,
          { value: OWN, label: 'A key of your own', hint: 'A template of any member: {obj.data.room|id}.' },
          { value: 'none', label: 'Nothing', hint: 'Fastest: events arrive in any order.' },
        ]}
      />
      {chosen === OWN && (
        <Field
          label="Key"
          hint="Members in braces, and what to take where the first is missing: {obj.data.room|id}. An event without any becomes a dead letter."
          error={errorAt(props, 'key')}
        >
          {(control) => (
            <input
              {...control}
              className="input mono"
              spellCheck={false}
              value={key}
              onChange={(event) => onChange(withValue(settings, 'key', event.target.value))}
            />
          )}
        </Field>
      )}
      {cloud && isKeyed && <p className="soft small">{cloud.order}</p>}
      {isNew && (
        <Choice
          legend="Where it begins"
          value={textAt(settings, 'start') || 'now'}
          onChange={(value) => onChange(withValue(settings, 'start', value === 'now' ? undefined : value))}
          options={[
            { value: 'now', label: 'Now', hint: 'What is written from here on.' },
            { value: 'oldest', label: 'The oldest event', hint: 'Everything that is still kept, then what is new.' },
          ]}
        />
      )}
    </>
  );
}
