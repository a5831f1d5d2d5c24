import { describe, expect, it } from 'vitest';
import type { Integration } from '../../api/types';
import { mergePatch, parseSettings, settingsOf } from './settings';

describe('settings', () => {
  it('leaves out what is no setting', () => {
    const item = {
      id: 'a',
      org: 'o',
      destination: { type: 'sqs' },
      state: 'running',
      reason: '',
      source: 'api',
      stats: {},
    };
    expect(settingsOf(item as unknown as Integration)).toEqual({ id: 'a', org: 'o', destination: { type: 'sqs' } });
  });

  it('sends only what was touched', () => {
    const before = { id: 'a', batch: { max_events: 500, max_wait: '10ms' }, key: '{id}', filter: { tags: ['a', 'b'] } };
    const after = { id: 'a', batch: { max_events: 100, max_wait: '10ms' }, filter: { tags: ['a'] }, payload: 'object' };
    expect(mergePatch(before, after)).toEqual({
      batch: { max_events: 100 },
      key: null,
      filter: { tags: ['a'] },
      payload: 'object',
    });
  });

  it('keeps redacted secrets by not sending them', () => {
    const before = { destination: { stream: 'a', credentials: { secret_access_key: '(redacted)' } } };
    const after = { destination: { stream: 'b', credentials: { secret_access_key: '(redacted)' } } };
    expect(mergePatch(before, after)).toEqual({ destination: { stream: 'b' } });
  });

  it('has nothing to send when nothing was touched', () => {
    expect(mergePatch({ a: { b: [1] } }, { a: { b: [1] } })).toEqual({});
  });

  it('says in which line a text is no JSON', () => {
    expect(parseSettings('{\n  "a": 1,\n  oops\n}')).toMatchObject({ wrong: expect.stringContaining('line 3') });
    expect(parseSettings('[1]')).toMatchObject({ wrong: expect.stringContaining('object') });
    expect(parseSettings('{"a":1}')).toEqual({ settings: { a: 1 } });
  });
});
