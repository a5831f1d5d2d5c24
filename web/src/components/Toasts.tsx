import { useEffect, useSyncExternalStore } from 'react';
import { inPlainWords } from '../api/problem';
import { Button } from './Button';
import { Icon } from './Icon';

interface Toast {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

/** Good news goes by itself; bad news stays until it is closed. */
const GOOD_NEWS_MS = 6000;

let toasts: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function change(next: Toast[]) {
  toasts = next;
  listeners.forEach((tell) => tell());
}

/** Tells what became of something the visitor did. */
export const toast = {
  good: (text: string) => change([...toasts, { id: ++last, tone: 'good', text }]),
  bad: (failure: unknown) =>
    change([
      ...toasts,
      { id: ++last, tone: 'bad', text: typeof failure === 'string' ? failure : inPlainWords(failure) },
    ]),
};

export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    () => toasts,
  );
  // The region is always there: screen readers announce what comes into it.
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((each) => (
        <OneToast key={each.id} toast={each} />
      ))}
    </div>
  );
}

function OneToast({ toast: { id, tone, text } }: { toast: Toast }) {
  const close = () => change(toasts.filter((each) => each.id !== id));
  useEffect(() => {
    if (tone === 'bad') return undefined;
    const timer = setTimeout(close, GOOD_NEWS_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="toast">
      <Icon name={tone === 'good' ? 'check' : 'alert'} />
      <p>{text}</p>
      <Button kind="quiet" small icon="close" aria-label="Close this message" onClick={close} />
    </div>
  );
}
