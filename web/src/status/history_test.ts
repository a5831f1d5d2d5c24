import { describe, expect, it } from 'vitest';
import { addSample, HISTORY_SECONDS, type Reading, sampleOf } from './history';

const reading = (at: number, accepted: number, delivered: number, uptime = at): Reading => ({
  at,
  status: { accepted, delivered, uptime_seconds: uptime },
});

describe('the history of rates', () => {
  it('knows no rate from one reading', () => {
    expect(sampleOf(null, reading(10, 100, 100))).toEqual({ at: 10, accepted: null, delivered: null });
  });

  it('takes the difference of two', () => {
    expect(sampleOf(reading(10, 100, 400), reading(12, 150, 500))).toEqual({ at: 12, accepted: 25, delivered: 50 });
  });

  it('draws a gap over a restart and over time that the page slept', () => {
    expect(sampleOf(reading(10, 100, 100), reading(12, 5, 5, 1)).accepted).toBeNull();
    expect(sampleOf(reading(10, 100, 100), reading(60, 200, 200)).accepted).toBeNull();
  });

  it('never shows less than nothing', () => {
    expect(sampleOf(reading(10, 100, 100), reading(12, 90, 90))).toMatchObject({ accepted: 0, delivered: 0 });
  });

  it('forgets what is old', () => {
    let history = addSample([], { at: 0, accepted: 1, delivered: 1 });
    for (let at = 1; at <= 2 * HISTORY_SECONDS; at++) history = addSample(history, { at, accepted: 1, delivered: 1 });
    expect(history).toHaveLength(HISTORY_SECONDS);
  });
});
