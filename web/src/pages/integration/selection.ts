import type { DeadLetterFilter, DeadLetterSelection } from '../../api/integrations';

/** The filter's members that say something: what the list asks with is what redeliver and discard take. */
export function givenMembers(filter: DeadLetterFilter): DeadLetterFilter {
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== '' && value !== undefined));
}

/** What an action on "these" means: the chosen ones, else all that the filter finds, else all. */
export function selectionOf(chosen: ReadonlySet<string>, filter: DeadLetterFilter): DeadLetterSelection {
  if (chosen.size > 0) return { sequences: [...chosen] };
  const given = givenMembers(filter);
  return Object.keys(given).length > 0 ? given : { all: true };
}
