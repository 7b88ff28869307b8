// A matrix as coloured squares, dark where values are high, with a scale beside it. Cells of equal shade in a row are joined,
// so that a matrix of a hundred networks stays a small file.
import { escapeMarkup } from '../../../shared/markup';
import { coordinate, svg } from './svg';

const shades = 24;
const side = 520;
const margin = { left: 24, top: 24 };

/** `split` draws a line between the first rows and columns and the rest (originals and generated). */
export function heatMap(
  values: readonly (readonly number[])[],
  options: { low: number; high: number; split: number; label: string; titles: readonly [string, string] },
): string {
  const n = values.length;
  const cell = side / Math.max(1, n);
  const shadeOf = (value: number): number => {
    const share = (value - options.low) / (options.high - options.low || 1);
    return Math.min(shades - 1, Math.max(0, Math.floor(share * shades)));
  };
  // One path a shade: a row's runs of equal shade become one rectangle each.
  const paths = new Array<string>(shades).fill('');
  for (const [row, cells] of values.entries()) {
    for (let from = 0; from < cells.length;) {
      const shade = shadeOf(cells[from]!);
      let to = from + 1;
      while (to < cells.length && shadeOf(cells[to]!) === shade) to++;
      const left = coordinate(margin.left + from * cell);
      const top = coordinate(margin.top + row * cell);
      paths[shade]! +=
        `M${left} ${top}h${coordinate((to - from) * cell)}v${coordinate(cell)}h-${coordinate((to - from) * cell)}z`;
      from = to;
    }
  }
  const cells = paths.map((d, shade) =>
    d === '' ? '' : `<path class="shade" fill-opacity="${opacity(shade)}" d="${d}"/>`,
  );
  const boundary = options.split * cell;
  const isSplit = options.split > 0 && options.split < n;
  const split = isSplit
    ? `<path class="split" d="M${coordinate(margin.left + boundary)} ${margin.top}v${side}M${margin.left} ${coordinate(margin.top + boundary)}h${side}"/>`
    : '';
  return svg(
    side + 150,
    side + 48,
    options.label,
    `<rect class="frame" x="${margin.left}" y="${margin.top}" width="${side}" height="${side}"/>` +
      cells.join('') +
      split +
      groupTitles(options.titles, isSplit ? boundary : side) +
      colourScale(options.low, options.high),
  );
}

const opacity = (shade: number): string => coordinate(0.04 + (0.96 * shade) / (shades - 1));

function groupTitles([first, second]: readonly [string, string], boundary: number): string {
  const title = (text: string, middle: number): string =>
    `<text x="${coordinate(margin.left + middle)}" y="${margin.top - 8}" text-anchor="middle">${escapeMarkup(text)}</text>` +
    `<text transform="translate(${margin.left - 8} ${coordinate(margin.top + middle)}) rotate(-90)" text-anchor="middle">${escapeMarkup(text)}</text>`;
  const rest = side - boundary;
  return (boundary >= 60 ? title(first, boundary / 2) : '') + (rest >= 60 ? title(second, boundary + rest / 2) : '');
}

function colourScale(low: number, high: number): string {
  const left = margin.left + side + 30;
  const step = side / shades;
  let scale = '';
  for (let shade = 0; shade < shades; shade++) {
    const top = coordinate(margin.top + side - (shade + 1) * step);
    scale += `<rect class="shade" fill-opacity="${opacity(shade)}" x="${left}" y="${top}" width="18" height="${coordinate(step)}"/>`;
  }
  for (let i = 0; i <= 4; i++) {
    const y = coordinate(margin.top + side - (i / 4) * side);
    scale += `<text x="${left + 26}" y="${y}" dy="0.32em">${(low + ((high - low) * i) / 4).toFixed(3)}</text>`;
  }
  return scale;
}
