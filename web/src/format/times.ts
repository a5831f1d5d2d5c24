/** Seconds as people say them: "now", "3 s", "2 min", "5 h", "3 d". */
export function duration(seconds: number): string {
  if (seconds < 0.05) return '0 s';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${Number(seconds.toFixed(1))} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86400)} d`;
}

/** As duration(), and to the millisecond below a second: "4 ms". */
export function latency(seconds: number): string {
  return seconds < 1 ? `${Math.ceil(seconds * 1000)} ms` : duration(seconds);
}

/** "12 s ago", "in 30 s". */
export function relative(time: string, now: number = Date.now()): string {
  const seconds = (Date.parse(time) - now) / 1000;
  if (Number.isNaN(seconds)) return time;
  if (Math.abs(seconds) < 1) return 'now';
  return seconds > 0 ? `in ${duration(Math.round(seconds))}` : `${duration(Math.round(-seconds))} ago`;
}

/** In the visitor's own time zone, to the second: "2026-11-26 07:31:05". */
export function local(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  const two = (value: number) => String(value).padStart(2, '0');
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}
