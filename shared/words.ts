// Numbers, sizes and times as people read them, on every side alike. `—` stands for what is not known.
import { once } from './once';

export const unknown = '—';

/** 87.93 % of a fraction. */
export const percent = (fraction: number | null): string =>
  fraction === null ? unknown : `${(100 * fraction).toFixed(2)} %`;

/** 87.9 % of a fraction, where a glance is enough. */
export const shortPercent = (fraction: number): string => `${(100 * fraction).toFixed(1)} %`;

/** Four significant digits without trailing zeros; powers of ten outside 0.001 … 100,000. */
export function significant(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return value === null ? unknown : String(value);
  const size = Math.abs(value);
  if (size === 0) return '0';
  if (size < 1e-3 || size >= 1e5) return value.toExponential(3).replace('e+', 'e');
  return size >= 1000 ? value.toFixed(0) : Number(value.toPrecision(4)).toString();
}

/** Four significant digits, zeros and all, for columns of text: 0.5000; powers of ten outside 0.001 … 100,000. */
export function formatNumber(value: number | null): string {
  if (value === null) return unknown;
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  return magnitude >= 1e5 || magnitude < 1e-3 ? value.toExponential(2) : value.toPrecision(4);
}

/** Three significant digits. */
export function formatLoss(loss: number | null): string {
  if (loss === null) return unknown;
  return loss !== 0 && Math.abs(loss) < 1e-3 ? loss.toExponential(2) : loss.toPrecision(3);
}

export const fixed =
  (digits: number) =>
  (value: number | null): string =>
    value === null ? unknown : value.toFixed(digits);

// Made once: a number's own toLocaleString makes a format for every call, which cost 1.5 ms of every frame of a live chart.
const separated = once(() => new Intl.NumberFormat('en-US'));

/** 12,000 with separators. */
export const formatCount = (value: number | null): string => (value === null ? unknown : separated().format(value));

const compact = once(() => new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 }));

/** 91440 → '91.4K', 239408518 → '239M': where the size matters and not the count. */
export const formatMany = (count: number): string => compact().format(count);

/** 1 tensor, 1,200 tensors. */
export const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;

/** 1.5 GB, 340 kB. Decimal units, as file managers show them. */
export function formatBytes(sizeBytes: number | null): string {
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

/** What was measured, in whole seconds: 3,725,000 ms → `1 h 2 min`; 65,000 → `1 min 5 s`. */
export function formatDuration(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return '–';
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A guess, so two digits at most: 'a few seconds', '40 s', '12 min', '3.5 h', '2 days'. */
export function roughDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return 'a few seconds';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${(seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** 'a few seconds', '≈ 12 min': before what it measures. */
export const about = (ms: number): string => (ms < 10_000 ? '' : '≈ ') + roughDuration(ms);

/** What is measured while one looks, so that it keeps its width: 1 h 05 min, 3 min 20 s, 12 s, 4.1 ms. */
export function formatElapsed(elapsedMs: number | null): string {
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
