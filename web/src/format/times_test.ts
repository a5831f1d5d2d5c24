import { describe, expect, it } from 'vitest';
import { duration, latency, relative } from './times';

const NOW = Date.parse('2026-11-26T08:00:00Z');

describe('times', () => {
  it.each([
    [0, '0 s'],
    [0.25, '250 ms'],
    [3.14, '3.1 s'],
    [59.6, '60 s'],
    [119, '119 s'],
    [150, '3 min'],
    [3 * 3600, '3 h'],
    [3 * 86400, '3 d'],
  ])('says %d seconds', (seconds, text) => expect(duration(seconds)).toBe(text));

  it('says a latency to the millisecond', () => {
    expect(latency(0.0042)).toBe('5 ms');
    expect(latency(3.14)).toBe('3.1 s');
  });

  it('tells the past from the future', () => {
    expect(relative('2026-11-26T07:59:30Z', NOW)).toBe('30 s ago');
    expect(relative('2026-11-26T08:00:20Z', NOW)).toBe('in 20 s');
    expect(relative('2026-11-26T08:00:00.4Z', NOW)).toBe('now');
  });

  it('shows what is no time as it is', () => expect(relative('soon', NOW)).toBe('soon'));
});
