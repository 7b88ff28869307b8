// The editor's colours as charts need them: read from its CSS variables, and again whenever the person changes the theme.

export interface Palette {
  readonly foreground: string;
  readonly faint: string;
  readonly background: string;
  readonly grid: string;
  readonly originals: string;
  readonly generated: string;
  readonly baselines: string;
  /** For the curves of compared runs. */
  readonly curves: readonly string[];
}

/** The colours now. style.css maps the editor's variables to these names. */
export function readPalette(): Palette {
  const style = getComputedStyle(document.body);
  const color = (name: string): string => plainColor(style.getPropertyValue(`--chart-${name}`).trim());
  return {
    foreground: color('foreground'),
    faint: color('faint'),
    background: color('background'),
    grid: color('grid'),
    originals: color('originals'),
    generated: color('generated'),
    baselines: color('baselines'),
    curves: ['originals', 'generated', 'green', 'purple', 'red', 'foreground'].map(color),
  };
}

let canvas: CanvasRenderingContext2D | null = null;

/** Any notation of CSS as `rgb()` or `rgba()`, which every program that opens an exported drawing understands. */
function plainColor(color: string): string {
  canvas ??= Object.assign(document.createElement('canvas'), { width: 1, height: 1 }).getContext('2d', {
    willReadFrequently: true,
  })!;
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = color;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data as unknown as number[]; // four, by definition
  const channels = `${red!}, ${green!}, ${blue!}`;
  return alpha === 255 ? `rgb(${channels})` : `rgba(${channels}, ${(alpha! / 255).toFixed(2)})`;
}

const listeners = new Set<() => void>();
let observer: MutationObserver | null = null;

/** Calls back after a change of theme. VS Code tells by the body's class and the root's style. */
export function onThemeChange(listener: () => void): void {
  listeners.add(listener);
  if (observer) return;
  observer = new MutationObserver(() => listeners.forEach(each => each()));
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-id'] });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style'] });
}
