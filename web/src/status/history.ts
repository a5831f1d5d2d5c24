// The last minutes, as this page saw them: Sluice itself keeps no history (Prometheus does).
import { useEffect, useSyncExternalStore } from 'react';
import { session } from '../api/session';
import type { Status } from '../api/types';
import { useStatus } from './useStatus';

export interface Sample {
  /** Seconds since the epoch. */
  at: number;
  /** Events a second; null where it is not known: at the beginning, and after Sluice was started again. */
  accepted: number | null;
  delivered: number | null;
}

export interface Reading {
  at: number;
  status: Pick<Status, 'accepted' | 'delivered' | 'uptime_seconds'>;
}

export const HISTORY_SECONDS = 600;
/** Longer without a reading (the page was hidden) is a gap, not a line. */
const GAP_SECONDS = 15;

/** What two readings in a row say. Counters: the difference is exact. */
export function sampleOf(before: Reading | null, now: Reading): Sample {
  const seconds = before ? now.at - before.at : 0;
  const restarted = before !== null && now.status.uptime_seconds < before.status.uptime_seconds;
  if (!before || restarted || seconds <= 0 || seconds > GAP_SECONDS)
    return { at: now.at, accepted: null, delivered: null };
  const perSecond = (from: number, to: number) => Math.max(0, to - from) / seconds;
  return {
    at: now.at,
    accepted: perSecond(before.status.accepted, now.status.accepted),
    delivered: perSecond(before.status.delivered, now.status.delivered),
  };
}

export function addSample(history: readonly Sample[], sample: Sample): Sample[] {
  return [...history.filter((each) => each.at > sample.at - HISTORY_SECONDS), sample];
}

let last: Reading | null = null;
let history: readonly Sample[] = [];
const listeners = new Set<() => void>();

function change(next: readonly Sample[]) {
  history = next;
  listeners.forEach((tell) => tell());
}

session.subscribe(() => {
  last = null;
  change([]);
});

/** Collects while the dashboard is open, whichever page is shown. Used once, in the frame around the pages. */
export function useCollectHistory() {
  const { data, dataUpdatedAt } = useStatus();
  useEffect(() => {
    if (!data) return;
    const reading = { at: dataUpdatedAt / 1000, status: data };
    if (last && reading.at <= last.at) return;
    change(addSample(history, sampleOf(last, reading)));
    last = reading;
  }, [data, dataUpdatedAt]);
}

export function useHistory(): readonly Sample[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => history,
  );
}
