// The one place that speaks HTTP to Sluice.
import { Problem, problemOf, unreachable } from './problem';
import { type Session, session } from './session';

export interface Answer<T> {
  data: T;
  /** For `ifMatch` of a change. */
  etag: string | null;
}

export interface CallOptions {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  /** The ETag of what was read: the change fails with 412 when somebody changed it since. */
  ifMatch?: string | null;
  contentType?: string;
  signal?: AbortSignal;
  /** Instead of the signed-in session: to try a token before signing in with it. */
  as?: Session;
}

export function pathWithQuery(path: string, query: CallOptions['query'] = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  if (given.length === 0) return path;
  return path + '?' + new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

/** A path of the API with its parts escaped: path`/v1/integrations/${id}`. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return parts.reduce((out, part, index) => out + encodeURIComponent(values[index - 1] ?? '') + part);
}

function headersFor(who: Session | null): Record<string, string> {
  const headers: Record<string, string> = {};
  if (who) headers.Authorization = `Bearer ${who.token}`;
  if (who?.org) headers['Sluice-Org'] = who.org;
  return headers;
}

/** The raw answer; throws a Problem for anything but 2xx. */
export async function send(method: string, where: string, options: CallOptions = {}): Promise<Response> {
  const who = options.as ?? session.current();
  const headers = headersFor(who);
  if (options.body !== undefined) headers['Content-Type'] = options.contentType ?? 'application/json';
  if (options.ifMatch) headers['If-Match'] = options.ifMatch;
  let response: Response;
  try {
    response = await fetch(pathWithQuery(where, options.query), {
      method,
      headers,
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: options.signal,
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch (failure) {
    if (options.signal?.aborted) throw failure;
    throw unreachable();
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  // Not when trying a token: the sign-in page says it itself. Nor for an answer to a session that has ended since.
  if (problem.status === 401 && !options.as && session.current()?.token === who?.token)
    session.signOut('Your token is no longer accepted: it was revoked, has expired, or Sluice was set up anew.');
  throw problem;
}

export async function call<T>(method: string, where: string, options: CallOptions = {}): Promise<Answer<T>> {
  const response = await send(method, where, options);
  const text = await response.text();
  return { data: (text ? JSON.parse(text) : undefined) as T, etag: response.headers.get('ETag') };
}

export const get = async <T>(where: string, options?: CallOptions) => (await call<T>('GET', where, options)).data;
export const post = async <T>(where: string, body?: unknown, options?: CallOptions) =>
  (await call<T>('POST', where, { ...options, body })).data;

export { Problem };
