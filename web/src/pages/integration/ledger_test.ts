import { describe, expect, it } from 'vitest';
import { addsUp, type Ledger, ledgerSegments } from './ledger';

const ledger = (parts: Partial<Ledger>): Ledger => ({
  matched: 0,
  delivered: 0,
  pending: 0,
  dead_lettered: 0,
  discarded: 0,
  lost: 0,
  ...parts,
});
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe('the ledger bar', () => {
  it('is empty while nothing matched', () => expect(ledgerSegments(ledger({}))).toEqual([]));

  it('fills the bar, each part as wide as its share', () => {
    const segments = ledgerSegments(ledger({ matched: 100, delivered: 75, pending: 25 }));
    expect(segments.map(({ part, width }) => [part, width])).toEqual([
      ['delivered', 75],
      ['pending', 25],
    ]);
  });

  it('shows one dead letter among a million events', () => {
    const segments = ledgerSegments(ledger({ matched: 1_000_001, delivered: 1_000_000, dead_lettered: 1 }));
    expect(segments[1]!.width).toBeGreaterThan(1);
    expect(sum(segments.map(({ width }) => width))).toBeCloseTo(100);
  });

  it('adds up to the whole whatever the parts are', () => {
    for (let seed = 1; seed < 500; seed++) {
      const part = (factor: number) => Math.floor(((seed * factor) % 97) ** (seed % 5));
      const parts = {
        delivered: part(7),
        pending: part(11),
        dead_lettered: part(13),
        discarded: part(17),
        lost: part(19),
      };
      const matched = sum(Object.values(parts));
      const segments = ledgerSegments(ledger({ ...parts, matched }));
      if (matched > 0) expect(sum(segments.map(({ width }) => width))).toBeCloseTo(100);
      expect(sum(segments.map(({ count }) => count))).toBe(matched);
      expect(addsUp(ledger({ ...parts, matched }))).toBe(true);
    }
  });

  it('notices when an event is missing', () => {
    expect(addsUp(ledger({ matched: 3, delivered: 1, pending: 1 }))).toBe(false);
  });
});
