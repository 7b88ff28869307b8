// Numbers as people read them. `—` stands for what is not known.

export const unknown = '—';

/** 87.93 % of a fraction. */
export const percent = (fraction: number | null): string =>
  fraction === null ? unknown : `${(100 * fraction).toFixed(2)} %`;

/** Four significant digits; powers of ten outside 0.001 … 100,000. */
export function significant(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return value === null ? unknown : String(value);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e5) return value.toExponential(3).replace('e+', 'e');
  return size >= 1000 ? value.toFixed(0) : Number(value.toPrecision(4)).toString();
}

export const fixed =
  (digits: number) =>
  (value: number | null): string =>
    value === null ? unknown : value.toFixed(digits);

// Made once: a number's own toLocaleString makes a format for every call, which cost 1.5 ms of every frame of a live chart.
const separated = new Intl.NumberFormat('en-US');

/** 12,000 with separators. */
export const whole = (value: number | null): string => (value === null ? unknown : separated.format(value));

/** 1 tensor, 1,200 tensors. */
export const counted = (count: number, noun: string): string => `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;

/** 1.5 GB, 340 kB. */
export function bytes(sizeBytes: number | null): string {
  if (sizeBytes === null) return unknown;
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = sizeBytes;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 || size >= 99.5 ? size.toFixed(0) : size.toPrecision(2)} ${units[unit]!}`;
}

/** 1 h 05 min, 3 min 20 s, 12 s, 4.1 ms. */
export function duration(elapsedMs: number | null): string {
  if (elapsedMs === null) return unknown;
  if (elapsedMs < 1000) return `${Number(elapsedMs.toPrecision(3)).toString()} ms`;
  const seconds = Math.round(elapsedMs / 1000);
  const two = (value: number): string => value.toString().padStart(2, '0');
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${two(Math.floor(seconds / 3600) % 24)} h`;
}

/** ISO 8601 in the person's own time and notation. */
export function dateTime(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime())
    ? iso
    : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** Shape of a tensor; a single number is `scalar`. */
export const shapeText = (shape: readonly number[]): string => (shape.length === 0 ? 'scalar' : shape.join(' × '));
