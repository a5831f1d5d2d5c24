import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute } from './route';

describe('routes', () => {
  it('takes an address apart', () => {
    const route = parseRoute('#/integrations/acme%2Fb?state=failing&q=a%20b');
    expect(route.parts).toEqual(['integrations', 'acme/b']);
    expect(route.query.get('state')).toBe('failing');
    expect(route.query.get('q')).toBe('a b');
  });

  it('takes what it made', () => {
    const parts = ['integrations', 'with space, / and ?'];
    expect(parseRoute('#' + formatRoute(parts, { q: 'ä&b', state: '' }))).toMatchObject({ parts });
    expect(formatRoute(['tail'], { recType: undefined })).toBe('/tail');
  });

  it('survives a broken escape', () => expect(parseRoute('#/a%zz').parts).toEqual(['a%zz']));
  it('is the overview without a hash', () => expect(parseRoute('').parts).toEqual([]));
});
