import type { Integration } from '../../api/types';

/** What a GET adds to the settings; no part of what may be sent back. */
const ADDED = ['source', 'state', 'reason', 'stats', 'replay', 'credentials_change'];

/** The settings alone, secrets as `(redacted)`: they can be edited and sent back, and what is redacted is kept. */
export function settingsOf(item: Integration): Record<string, unknown> {
  return Object.fromEntries(Object.entries(item).filter(([name]) => !ADDED.includes(name)));
}

type Json = unknown;
const isObject = (value: Json): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The merge patch (RFC 7396) that turns `before` into `after`: only what somebody touched is sent. */
export function mergePatch(before: Record<string, Json>, after: Record<string, Json>): Record<string, Json> {
  const patch: Record<string, Json> = {};
  for (const name of Object.keys(before)) if (!(name in after)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const old = before[name];
    if (isObject(old) && isObject(value)) {
      const inner = mergePatch(old, value);
      if (Object.keys(inner).length > 0) patch[name] = inner;
    } else if (JSON.stringify(old) !== JSON.stringify(value)) {
      patch[name] = value;
    }
  }
  return patch;
}

export type Parsed = { settings: Record<string, Json> } | { wrong: string };

/** Edited settings; or what is wrong with the text, and in which line. */
export function parseSettings(text: string): Parsed {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (failure) {
    return { wrong: `This is not valid JSON${lineOf(text, (failure as Error).message)}` };
  }
  return isObject(value) ? { settings: value } : { wrong: 'Settings are a JSON object: { … }' };
}

function lineOf(text: string, message: string): string {
  const position = /position (\d+)/.exec(message);
  const line = position ? text.slice(0, Number(position[1])).split('\n').length : 0;
  const what = message.replace(/ in JSON at position.*$/, '').replace(/^JSON\.parse: /, '');
  return line > 0 ? `, line ${line}: ${what}.` : `: ${what}.`;
}
