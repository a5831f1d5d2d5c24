// Pages lie behind `#`: the server needs to know none of them, and none can clash with a path of the Share API.
import { type AnchorHTMLAttributes, useSyncExternalStore } from 'react';

export interface Route {
  /** Decoded parts: `#/integrations/acme?state=failing` has `['integrations', 'acme']`. */
  parts: string[];
  query: URLSearchParams;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const parts = path.split('/').filter(Boolean).map(decode);
  return { parts, query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function formatRoute(parts: string[], query: Record<string, string | undefined> = {}): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const path = '/' + parts.map(encodeURIComponent).join('/');
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

function subscribe(listener: () => void) {
  window.addEventListener('hashchange', listener);
  return () => window.removeEventListener('hashchange', listener);
}

let parsed: Route = { parts: [], query: new URLSearchParams() };
let parsedFrom: string | null = null;
function currentRoute(): Route {
  if (parsedFrom !== window.location.hash) {
    parsedFrom = window.location.hash;
    parsed = parseRoute(parsedFrom);
  }
  return parsed;
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, currentRoute);
}

/** `replace` for what is no step that anybody would want to go back to, such as each letter typed into a filter. */
export function navigate(to: string, options: { replace?: boolean } = {}) {
  if (options.replace) {
    window.history.replaceState(null, '', '#' + to);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    window.location.hash = to;
  }
}

export function Link({ to, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  return <a href={'#' + to} {...rest} />;
}
