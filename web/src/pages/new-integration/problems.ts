import type { DraftProblem } from '../../api/drafts';
import { asSentence } from '../../api/problem';

/** Without the path that the message begins with: it stands beside its field. */
export function inField(problem: DraftProblem): string {
  const message = problem.message.startsWith(problem.field)
    ? problem.message.slice(problem.field.length)
    : problem.message;
  return [asSentence(message), asSentence(problem.hint)].filter(Boolean).join(' ');
}

export const isMissing = (problem: DraftProblem) => problem.message === `${problem.field} is missing`;

/** The problem of a field, or of what lies within it. */
export const problemAt = (problems: DraftProblem[], path: string) =>
  problems.find(({ field }) => field === path || field.startsWith(`${path}.`) || field.startsWith(`${path}[`));
