import { useEffect, useRef, useState } from 'react';
import { checkDraft, type Draft, type DraftCheck, previewDraft, type Preview } from '../../api/drafts';

const PAUSE_MS = 250;

/** Asks again a moment after `key` changed; of several answers only the latest question's counts. */
export function useAnswer<Answer>(key: string, ask: ((signal: AbortSignal) => Promise<Answer>) | null) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [answered, setAnswered] = useState('');
  const latest = useRef(ask);
  latest.current = ask;
  useEffect(() => {
    const question = latest.current;
    if (!question) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => {
      question(stop.signal)
        .then((got) => {
          setAnswer(got);
          setFailure(null);
          setAnswered(key);
        })
        .catch((error: unknown) => {
          if (stop.signal.aborted) return;
          setFailure(error);
          setAnswered(key);
        });
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key, ask === null]);
  return { answer, failure, isCurrent: answered === key };
}

/** What Sluice says of the draft as it stands. */
export function useCheck(draft: Draft) {
  return useAnswer<DraftCheck>(JSON.stringify(draft), (signal) => checkDraft(draft, signal));
}

/** What would be sent; null while the draft is not right. */
export function usePreview(draft: Draft, isRight: boolean, sequence: string) {
  const asked = { ...draft, ...(sequence ? { sequence } : {}) };
  return useAnswer<Preview>(
    `${isRight} ${JSON.stringify(asked)}`,
    isRight ? (signal) => previewDraft(asked, signal) : null,
  );
}
