import { useEffect, useState } from 'react';
import { local, relative } from '../format/times';

/** "12 s ago", and the time itself for who points at it. Goes on by itself. */
export function Time({ at }: { at: string }) {
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((count) => count + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={at} title={local(at)}>
      {relative(at)}
    </time>
  );
}
