// Settings as the form holds them: plain JSON, changed by path. Nothing here knows what they mean.
import type { DraftSettings } from '../../api/drafts';

export const REDACTED = '(redacted)';

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export function valueAt(settings: DraftSettings, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), settings);
}

export function textAt(settings: DraftSettings, path: string): string {
  const value = valueAt(settings, path);
  return typeof value === 'string' ? value : '';
}

/** A copy with one member changed; undefined and empty text remove it, and objects that are empty then. */
export function withValue(settings: DraftSettings, path: string, value: unknown): DraftSettings {
  const [name = '', ...rest] = path.split('.');
  const next: Json = { ...settings };
  const made = rest.length
    ? withValue(isObject(next[name]) ? (next[name] as Json) : {}, rest.join('.'), value)
    : value === ''
      ? undefined
      : value;
  const isEmpty = rest.length > 0 && isObject(made) && Object.keys(made).length === 0;
  if (made === undefined || isEmpty) delete next[name];
  else next[name] = made;
  return next;
}

/** What a GET shows beside the settings. */
const ANSWER_MEMBERS = ['source', 'state', 'reason', 'stats', 'replay'];

export function settingsOf(integration: object): DraftSettings {
  return Object.fromEntries(Object.entries(integration).filter(([name]) => !ANSWER_MEMBERS.includes(name)));
}

/** Pasted settings that exclude each other: giving one takes the other away. */
const EXCLUSIVE: [string, string][] = [
  ['destination.stream', 'destination.stream_arn'],
  ['destination.credentials.csv', 'destination.credentials.access_key_id'],
  ['destination.credentials.csv', 'destination.credentials.secret_access_key'],
  ['destination.credentials.csv', 'destination.credentials.session_token'],
  ['destination.credentials.csv', 'destination.credentials.role_arn'],
];

/** With what was pasted in its place. Of another type of destination, what belonged to the old one goes. */
export function withPasted(settings: DraftSettings, type: string, member: string, text: string): DraftSettings {
  let next = settings;
  if (textAt(next, 'destination.type') !== type) next = withType(next, type);
  for (const [one, other] of EXCLUSIVE) {
    if (member === one) next = withValue(next, other, undefined);
    if (member === other) next = withValue(next, one, undefined);
  }
  return withValue(next, member, text);
}

/** Another destination: what both take (AWS credentials, connection settings of AWS) stays. */
export function withType(settings: DraftSettings, type: string): DraftSettings {
  const before = settings.destination as Json | undefined;
  const destination: Json = { type };
  const isAws = (name: unknown) => name === 'kinesis' || name === 'sqs';
  if (before && isAws(before.type) && isAws(type) && before.credentials) destination.credentials = before.credentials;
  return { ...settings, destination };
}

/** `acme-kinesis` for com.acme's first. */
export function suggestedId(org: string, type: string): string {
  const owner = org.split('.').pop() ?? '';
  const text = [owner === 'default' ? '' : owner, type].filter(Boolean).join('-');
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
}

export const linesOf = (text: string) =>
  text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter(Boolean);
