import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';

const KEY = 'sluice.theme';
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();

function chosen(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === 'light' || value === 'dark' ? value : null;
  } catch {
    return null;
  }
}

function currentTheme(): Theme {
  return chosen() ?? (system.matches ? 'dark' : 'light');
}

function apply() {
  document.documentElement.dataset.theme = currentTheme();
  listeners.forEach((tell) => tell());
}

/** Once, before anything is drawn: the system's choice, unless the visitor made another. */
export function startTheme() {
  apply();
  system.addEventListener('change', apply);
}

export function chooseTheme(theme: Theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // no storage: the choice lasts as long as the page
  }
  document.documentElement.dataset.theme = theme;
  listeners.forEach((tell) => tell());
}

export function useTheme(): Theme {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => (document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light'),
  );
}
