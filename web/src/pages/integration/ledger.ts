import type { Stats } from '../../api/types';

export const LEDGER_PARTS = ['delivered', 'pending', 'dead_lettered', 'discarded', 'lost'] as const;
export type LedgerPart = (typeof LEDGER_PARTS)[number];

export const LEDGER_WORDS: Record<LedgerPart, { word: string; means: string }> = {
  delivered: { word: 'delivered', means: 'accepted by the destination' },
  pending: { word: 'pending', means: 'on their way, or waiting' },
  dead_lettered: { word: 'dead letters', means: 'refused for good; kept, and can be sent again' },
  discarded: { word: 'discarded', means: 'dead letters thrown away by a person' },
  lost: { word: 'lost', means: 'overtaken by the hard limit before they could be sent' },
};

export interface LedgerSegment {
  part: LedgerPart;
  count: number;
  /** Of the bar, in percent: all of them add up to 100. */
  width: number;
}

export type Ledger = Pick<Stats, 'matched' | LedgerPart>;

/** Nothing that is there is drawn so thin that nobody sees it. */
const MIN_WIDTH = 1.5;

/** The bar's segments: each part that is there, in the order of the ledger. */
export function ledgerSegments(ledger: Ledger): LedgerSegment[] {
  const there = LEDGER_PARTS.filter((part) => ledger[part] > 0);
  const sum = there.reduce((total, part) => total + ledger[part], 0);
  if (sum === 0) return [];
  const thin = there.filter((part) => (ledger[part] / sum) * 100 < MIN_WIDTH);
  const wideSum = sum - thin.reduce((total, part) => total + ledger[part], 0);
  const room = 100 - thin.length * MIN_WIDTH;
  return there.map((part) => ({
    part,
    count: ledger[part],
    width: thin.includes(part) ? MIN_WIDTH : (ledger[part] / wideSum) * room,
  }));
}

/** `matched = delivered + dead_lettered + discarded + lost + pending`: the promise that nothing goes missing. */
export function addsUp(ledger: Ledger): boolean {
  return LEDGER_PARTS.reduce((total, part) => total + ledger[part], 0) === ledger.matched;
}
