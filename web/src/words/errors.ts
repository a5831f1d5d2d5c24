import type { ErrorClass, LightIntegration } from '../api/types';

/** The six classes as people say them, and what each means for the events. */
export const ERROR_WORDS: Record<ErrorClass, { title: string; means: string }> = {
  transient: { title: 'A passing failure', means: 'Sluice keeps trying by itself; nothing is lost.' },
  throttled: { title: 'The service asks to slow down', means: 'Sluice waits and goes on by itself.' },
  credentials: {
    title: 'The credentials are refused',
    means: 'Events wait until the credentials are right; nothing is lost.',
  },
  missing_target: {
    title: 'A target does not exist or may not be used',
    means: 'Its events wait; other targets go on.',
  },
  too_large: { title: 'An event is too large for the service', means: 'It becomes a dead letter.' },
  rejected: { title: 'The service refused an event', means: 'It becomes a dead letter.' },
};

export function errorTitle(error: { class: string }): string {
  return ERROR_WORDS[error.class as ErrorClass]?.title ?? error.class;
}

/** One line for a list: what is wrong, in plain words, with the provider's own message behind it. */
export function inOneLine(error: NonNullable<LightIntegration['last_error']>): string {
  const where = error.target ? ` (${error.target})` : '';
  return `${errorTitle(error)}${where}: ${error.message || error.code}`;
}
