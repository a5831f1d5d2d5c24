// The live stream as the page keeps it: a bounded window on what goes by, not a record of it.
import { send } from '../../api/client';
import { type ServerEvent, ServerEventParser } from '../../api/sse';

export interface TailEvent {
  sequence: string;
  /** The envelope's text, as it is delivered. */
  text: string;
  eventType: string;
  recType: string;
  id: string;
}

export const KEPT = 200;

/** What the list shows of an envelope. The text stays what it is; this only looks at four members. */
export function tailEvent(event: ServerEvent): TailEvent {
  let envelope: Record<string, unknown> = {};
  try {
    envelope = JSON.parse(event.data) as Record<string, unknown>;
  } catch {
    // shown as text
  }
  const text = (name: string) => (typeof envelope[name] === 'string' ? (envelope[name] as string) : '');
  return {
    sequence: event.id,
    text: event.data,
    eventType: text('event_type'),
    recType: text('recType'),
    id: text('id'),
  };
}

/** The newest first, and no more than are kept. */
export function addEvents(kept: readonly TailEvent[], more: readonly TailEvent[]): TailEvent[] {
  return [...more.slice(-KEPT).reverse(), ...kept].slice(0, KEPT);
}

export interface Told {
  events: TailEvent[];
  /** Events that Sluice left out since this browser, or its connection, was too slow. */
  missed: number;
}

/** Follows the live stream until it ends or `signal` says so. Throws a Problem when it is refused or breaks. */
export async function follow(recType: string, signal: AbortSignal, tell: (told: Told) => void): Promise<void> {
  const response = await send('GET', '/v1/tail', { query: { recType }, signal });
  const parser = new ServerEventParser();
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const told: Told = { events: [], missed: 0 };
    for (const event of parser.push(value)) {
      if (event.event === 'missed') told.missed += (JSON.parse(event.data) as { missed: number }).missed;
      else told.events.push(tailEvent(event));
    }
    tell(told);
  }
}
