import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { call, path, pathWithQuery, Problem } from './client';
import { session } from './session';

let asked: { url: string; init: RequestInit }[] = [];
let answer: () => Response;

beforeEach(() => {
  asked = [];
  answer = () => new Response('{"ok":true}', { headers: { ETag: '"7"' } });
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    return answer();
  });
  session.signIn({ token: 'secret', org: 'com.acme' });
});
afterEach(() => {
  vi.unstubAllGlobals();
  session.signOut();
});

const headers = () => asked[0]!.init.headers as Record<string, string>;

describe('client', () => {
  it('sends the token and the org, and gives back the entity tag', async () => {
    const { data, etag } = await call<{ ok: boolean }>('GET', '/v1/status');
    expect(data.ok).toBe(true);
    expect(etag).toBe('"7"');
    expect(headers()).toEqual({ Authorization: 'Bearer secret', 'Sluice-Org': 'com.acme' });
  });

  it('sends bodies as JSON, and the condition of a change', async () => {
    await call('PATCH', '/v1/x', { body: { a: 1 }, ifMatch: '"7"', contentType: 'application/merge-patch+json' });
    expect(asked[0]!.init.body).toBe('{"a":1}');
    expect(headers()['If-Match']).toBe('"7"');
    expect(headers()['Content-Type']).toBe('application/merge-patch+json');
  });

  it('escapes what stands in a path, and leaves empty parameters out', () => {
    expect(path`/v1/integrations/${'a/b?c'}/test`).toBe('/v1/integrations/a%2Fb%3Fc/test');
    expect(pathWithQuery('/v1/x', { q: 'a b', after: '', limit: 5, state: undefined })).toBe('/v1/x?q=a+b&limit=5');
  });

  it('takes an answer without a body', async () => {
    answer = () => new Response(null, { status: 204 });
    expect((await call('DELETE', '/v1/x')).data).toBeUndefined();
  });

  it('signs out when the token is not accepted any more, and says why', async () => {
    answer = () => new Response('{"code":"unauthenticated","detail":"revoked"}', { status: 401 });
    await expect(call('GET', '/v1/status')).rejects.toBeInstanceOf(Problem);
    expect(session.current()).toBeNull();
    expect(session.farewell()).toContain('no longer accepted');
  });

  it('stays signed in when another token is tried', async () => {
    answer = () => new Response('{}', { status: 401 });
    await expect(call('GET', '/v1/status', { as: { token: 'other', org: '' } })).rejects.toBeInstanceOf(Problem);
    expect(session.current()?.token).toBe('secret');
  });

  it('says so when Sluice does not answer', async () => {
    vi.stubGlobal('fetch', async () => {
      throw new TypeError('Failed to fetch');
    });
    await expect(call('GET', '/v1/status')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
  });
});
