import { describe, expect, it } from 'vitest';
import { prettyJson } from './json';

const shown = (text: string) =>
  prettyJson(text)
    .map((piece) => piece.text)
    .join('');

describe('prettyJson', () => {
  it('lays objects and arrays out', () => {
    expect(shown('{"a":[1,{"b":true}],"c":{},"d":[]}')).toBe(
      '{\n  "a": [\n    1,\n    {\n      "b": true\n    }\n  ],\n  "c": {},\n  "d": []\n}',
    );
  });

  it('keeps every number, escape, duplicate and order as it was sent', () => {
    const text = '{"b":1E400,"a":-0,"n":1.10,"big":123456789012345678901234567890,"e":"\\u00e9\\n","a":2}';
    expect(shown(text).replace(/\n */g, '').replaceAll('": ', '":')).toBe(text);
  });

  it('takes what stands in strings for text, not for structure', () => {
    expect(shown('{"a":"{\\"b\\": [1, 2]}"}')).toBe('{\n  "a": "{\\"b\\": [1, 2]}"\n}');
  });

  it('tells names from values', () => {
    expect(prettyJson('{"a":"b"}').filter((piece) => piece.kind !== 'plain')).toEqual([
      { kind: 'name', text: '"a"' },
      { kind: 'string', text: '"b"' },
    ]);
  });

  it('shows what is not JSON as it is', () => {
    expect(shown('"never ends')).toBe('"never ends');
    expect(shown('')).toBe('');
  });

  it('does not go below the margin for brackets too many', () => {
    expect(() => prettyJson(']]}}')).not.toThrow();
  });
});
