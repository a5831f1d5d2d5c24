// Numbers as people read them. English throughout, like the rest of the pages.

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** 1234567 → "1,234,567" */
export const count = (value: number) => WHOLE.format(value);

/** 1234567 → "1.23 M": three figures at most. */
export function short(value: number): string {
  for (const [unit, size] of [
    ['G', 1e9],
    ['M', 1e6],
    ['k', 1e4],
  ] as const) {
    if (value >= size) return `${threeFigures(value / (unit === 'k' ? 1e3 : size))} ${unit}`;
  }
  return value < 100 && !Number.isInteger(value) ? threeFigures(value) : count(value);
}

function threeFigures(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Events a second: "0", "0.4", "51", "12.3 k". */
export function rate(value: number): string {
  if (value <= 0) return '0';
  if (value < 0.05) return '<0.1';
  return value < 10 ? value.toFixed(1).replace(/\.0$/, '') : short(Math.round(value));
}

/** Powers of 1024, as the configuration file writes them. */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : threeFigures(value)} ${units[unit]}`;
}

export function percent(share: number): string {
  if (share > 0 && share < 0.001) return '<0.1 %';
  return `${Number((share * 100).toFixed(share < 0.1 ? 1 : 0))} %`;
}

/** "1 event", "2 events". */
export const plural = (value: number, one: string, many = one + 's') => `${count(value)} ${value === 1 ? one : many}`;
