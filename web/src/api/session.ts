import { useSyncExternalStore } from 'react';

/** Who is signed in. Kept for this tab only (sessionStorage): closing the tab signs out. */
export interface Session {
  token: string;
  /** The org that the operator acts for; empty: as the token says. */
  org: string;
}

const KEY = 'sluice.session';
const listeners = new Set<() => void>();
let current: Session | null = read();
/** Why somebody was signed out, to be told where they sign in again. */
let farewell = '';

function read(): Session | null {
  try {
    const text = sessionStorage.getItem(KEY);
    return text ? (JSON.parse(text) as Session) : null;
  } catch {
    return null; // no storage in this browser's mode: the session lives as long as the page
  }
}

function change(next: Session | null, why: string) {
  current = next;
  farewell = why;
  try {
    if (next) sessionStorage.setItem(KEY, JSON.stringify(next));
    else sessionStorage.removeItem(KEY);
  } catch {
    // as above
  }
  listeners.forEach((tell) => tell());
}

export const session = {
  current: () => current,
  farewell: () => farewell,
  signIn: (next: Session) => change(next, ''),
  signOut: (why = '') => change(null, why),
  subscribe(listener: () => void) {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  },
};

export function useSession(): Session | null {
  return useSyncExternalStore(session.subscribe, session.current);
}
