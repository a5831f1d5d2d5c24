import type { Replay } from '../../api/types';

export type By = 'time' | 'sequence';

/** What was typed, as the API takes it: a sequence, or a time in UTC. Empty stays empty. */
export function boundary(by: By, text: string): string {
  const given = text.trim();
  if (!given || by === 'sequence') return given;
  const date = new Date(given); // a datetime-local value is in the visitor's time zone
  return Number.isNaN(date.getTime()) ? given : date.toISOString();
}

/** How far a replay from `from` to `to` has come, from 0 to 1. */
export function replayProgress({ from, to, position }: Pick<Replay, 'from' | 'to' | 'position'>): number {
  const whole = Number(to) - Number(from) + 1;
  const done = Number(position) - Number(from) + 1;
  return whole > 0 ? Math.min(1, Math.max(0, done / whole)) : 1;
}
