// A sequential colour scale made of the theme's own colours: nothing is the page's background, everything its foreground, by way
// of the chart's blue. Lightness changes steadily in dark, light and high-contrast themes, so the scale also reads in grey.
import type { Palette } from './theme';

/** Colour of a fraction in [0, 1]; values outside are clamped. */
export function rampColor(fraction: number, { background, originals, foreground }: Palette): string {
  const at = Math.min(1, Math.max(0, fraction));
  const [from, to, part] = at < 0.5 ? [background, originals, 2 * at] : [originals, foreground, 2 * at - 1];
  const a = rgb(from);
  const b = rgb(to);
  return `rgb(${a.map((channel, index) => Math.round(channel + (b[index]! - channel) * part).toString()).join(' ')})`;
}

const parsed = new Map<string, readonly number[]>();

/** Channels of a CSS colour. The canvas is asked, so every notation a theme may use is understood. */
function rgb(color: string): readonly number[] {
  const known = parsed.get(color);
  if (known) return known;
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const channels = [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  parsed.set(color, channels);
  return channels;
}
