// Small random changes of a training image, so that a few thousand images teach as much as several times as many: moved by
// up to a few pixels (what comes in is black), and mirrored left to right. Pure; the stream of random numbers decides.
import type { Random } from '../util/seededRandom';

/** How far images are changed; none of it in testing. */
export interface Augmentation {
  /** Largest move in each direction, in pixels. */
  readonly shift: number;
  /** Mirror every other image. */
  readonly mirror: boolean;
}

/** Writes a changed copy of the image at `from`. *Shapes* pixels (…, height, width), changed (height, width). */
export function augment(
  pixels: Uint8Array,
  from: number,
  [height, width]: readonly [height: number, width: number],
  { shift, mirror }: Augmentation,
  random: Random,
  changed: Uint8Array,
): void {
  const down = random.integer(2 * shift + 1) - shift;
  const right = random.integer(2 * shift + 1) - shift;
  const isMirrored = mirror && random.integer(2) === 1;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const fromY = y - down;
      const moved = x - right;
      const fromX = isMirrored ? width - 1 - moved : moved;
      const isInside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
      changed[y * width + x] = isInside ? pixels[from + fromY * width + fromX]! : 0;
    }
}
