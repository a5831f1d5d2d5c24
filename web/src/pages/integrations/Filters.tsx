import type { IntegrationFilter } from '../../api/integrations';
import { DESTINATION_TYPES, type State, STATES } from '../../api/types';
import { Field } from '../../components/Field';
import { STATE_LOOKS } from '../../components/StatusBadge';
import { count } from '../../format/numbers';
import { destinationName } from '../../words/destinations';

const ORDERS = [
  ['', 'Name'],
  ['-state', 'State, worst first'],
  ['-lag', 'Furthest behind first'],
  ['-last_error', 'Latest error first'],
] as const;

interface Props {
  filter: IntegrationFilter;
  states: Record<State, number> | undefined;
  onChange: (filter: IntegrationFilter) => void;
}

export function Filters({ filter, states, onChange }: Props) {
  const set = (member: keyof IntegrationFilter) => (event: { target: { value: string } }) =>
    onChange({ ...filter, [member]: event.target.value });
  return (
    <form className="toolbar" role="search" aria-label="Integrations" onSubmit={(event) => event.preventDefault()}>
      <Field label="Search" className="wide">
        {(control) => (
          <input
            {...control}
            className="input"
            type="search"
            placeholder="Id, org, target or error"
            spellCheck={false}
            value={filter.q}
            onChange={set('q')}
          />
        )}
      </Field>
      <Field label="State">
        {(control) => (
          <select {...control} className="input" value={filter.state} onChange={set('state')}>
            <option value="">Any</option>
            {STATES.map((state) => (
              <option key={state} value={state}>
                {STATE_LOOKS[state].word}
                {states && ` (${count(states[state])})`}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Destination">
        {(control) => (
          <select {...control} className="input" value={filter.type} onChange={set('type')}>
            <option value="">Any</option>
            {DESTINATION_TYPES.map((type) => (
              <option key={type} value={type}>
                {destinationName(type)}
              </option>
            ))}
          </select>
        )}
      </Field>
      <Field label="Order">
        {(control) => (
          <select {...control} className="input" value={filter.sort} onChange={set('sort')}>
            {ORDERS.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        )}
      </Field>
    </form>
  );
}
