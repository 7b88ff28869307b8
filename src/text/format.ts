// Numbers as people read them in pickers, trees and messages.

/** 1536 → '1.5 kB'. Decimal units, as file managers show them. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value.toString() : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]!}`;
}

/** 11689512 → '11,689,512'. */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumSignificantDigits: 3 });

/** 91440 → '91.4K', 239408518 → '239M': where the size matters and not the count. */
export const formatMany = (count: number): string => compact.format(count);

/** 'a few seconds', '40 s', '12 min', '3.5 h', '2 days': estimates, so two digits at most. */
export function formatDuration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return 'a few seconds';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  if (seconds < 36 * 3600) return `${(seconds / 3600).toFixed(seconds < 36_000 ? 1 : 0)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** 'a few seconds', '≈ 12 min': before what it measures. */
export const about = (ms: number): string => (ms < 10_000 ? '' : '≈ ') + formatDuration(ms);

export function formatLoss(loss: number | null): string {
  if (loss === null) return '—';
  return loss !== 0 && Math.abs(loss) < 1e-3 ? loss.toExponential(2) : loss.toPrecision(3);
}

/** 1 → '1 network', 3 → '3 networks'. */
export const plural = (count: number, noun: string): string => `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`;
