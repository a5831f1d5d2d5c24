import { describe, expect, it } from 'vitest';
import { type TokenForm, tokenRequest, wrongWith } from './token_request';

const form: TokenForm = { name: ' ann ', org: '', kind: 'scopes', scopes: ['ALL:ALL'], recTypes: '', lifetime: '90d' };

describe('a new token', () => {
  it('has scopes', () => expect(tokenRequest(form)).toEqual({ name: 'ann', scopes: ['ALL:ALL'], lifetime: '90d' }));
  it('or patterns, and then no scopes', () =>
    expect(tokenRequest({ ...form, kind: 'pipe', org: 'com.acme', recTypes: 'io.a.**, io.b', lifetime: '' })).toEqual({
      name: 'ann',
      org: 'com.acme',
      recTypes: ['io.a.**', 'io.b'],
    }));
  it('is not asked for while something is missing', () => {
    expect(wrongWith(form)).toEqual({});
    expect(Object.keys(wrongWith({ ...form, name: ' ', scopes: [] }))).toEqual(['name', 'scopes']);
    expect(Object.keys(wrongWith({ ...form, kind: 'pipe', scopes: [] }))).toEqual(['recTypes']);
  });
});
