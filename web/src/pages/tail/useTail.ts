import { useEffect, useRef, useState } from 'react';
import { inPlainWords, Problem } from '../../api/problem';
import { addEvents, follow, type TailEvent } from './stream';

/** Drawn so often, however many events come: a busy stream must not make the page crawl. */
const DRAW_MS = 250;
const AGAIN_MS = 3000;

export type Connection = 'connecting' | 'open' | 'lost' | 'refused';

export interface Tail {
  events: readonly TailEvent[];
  connection: Connection;
  failure: string;
  /** Since the filter was set. */
  seen: number;
  missed: number;
  clear: () => void;
}

/** Follows `/v1/tail`; connects again by itself when the connection is lost. Paused: connected no more, the list stays. */
export function useTail(recType: string, isPaused: boolean): Tail {
  const [events, setEvents] = useState<readonly TailEvent[]>([]);
  const [connection, setConnection] = useState<Connection>('connecting');
  const [failure, setFailure] = useState('');
  const [counts, setCounts] = useState({ seen: 0, missed: 0 });
  const waiting = useRef<TailEvent[]>([]);

  const clear = () => {
    waiting.current = [];
    setEvents([]);
    setCounts({ seen: 0, missed: 0 });
  };
  useEffect(clear, [recType]);

  useEffect(() => {
    if (isPaused) return undefined;
    const stop = new AbortController();
    let again: ReturnType<typeof setTimeout>;
    let seen = 0;
    let missed = 0;
    const draw = setInterval(() => {
      if (waiting.current.length === 0 && missed === 0) return;
      const more = waiting.current;
      const counted = { seen, missed };
      waiting.current = [];
      seen = missed = 0;
      setEvents((kept) => addEvents(kept, more));
      setCounts((before) => ({ seen: before.seen + counted.seen, missed: before.missed + counted.missed }));
    }, DRAW_MS);
    const connect = async () => {
      setConnection('connecting');
      setFailure('');
      try {
        await follow(recType, stop.signal, (told) => {
          setConnection('open');
          seen += told.events.length;
          missed += told.missed;
          waiting.current = [...waiting.current, ...told.events].slice(-1000);
        });
      } catch (error) {
        if (stop.signal.aborted) return;
        setFailure(inPlainWords(error));
        // What was refused would be refused again.
        if (error instanceof Problem && error.status >= 400 && error.status < 500 && error.status !== 429)
          return setConnection('refused');
      }
      if (stop.signal.aborted) return;
      setConnection('lost');
      again = setTimeout(connect, AGAIN_MS);
    };
    void connect();
    return () => {
      stop.abort();
      clearTimeout(again);
      clearInterval(draw);
    };
  }, [recType, isPaused]);

  return { events, connection, failure, ...counts, clear };
}
