// Baseline: a point on the arc between two randomly chosen originals. A midpoint's weights are shorter than those of its ends
// where these point in different directions; on the arc the length goes evenly from the one to the other.
// *Source* Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985: slerp(a, b; t) =
// sin((1 − t)·θ) / sin θ · a + sin(t·θ) / sin θ · b, with θ the angle between a and b; here of each tensor for itself.
import { choiceRandom, type Baseline } from './baseline';

const name = 'slerp';
/** Below this angle, in radians, the formula loses its digits, and the arc is a line to as many. */
const smallestAngle = 1e-3;

export const slerpBaseline: Baseline = {
  name,
  title: 'a random point on the arc between a random pair of originals',
  minOriginals: 2,
  make({ structure, originals, seed }, which) {
    const random = choiceRandom(name, seed, which);
    const [a, b] = [...random.permutation(originals.length).subarray(0, 2)].map(index => originals[index]!);
    const t = random.uniform();
    return {
      name: `${name} #${which + 1}`,
      read(index) {
        const [from, to] = [a!.read(index), b!.read(index)];
        const { kind } = structure.parameters[index]!;
        if (kind === 'fixed') return from;
        return kind === 'variance' ? mix(from, to, 1 - t, t) : slerp(from, to, t); // variances are lengths, not directions
      },
    };
  },
};

/** The point at `t` of the arc, 0 at `from`, 1 at `to`; of the line where they point the same way, or opposite ways. */
export function slerp(from: Float32Array, to: Float32Array, t: number): Float32Array {
  let [dot, squaresFrom, squaresTo] = [0, 0, 0];
  for (let i = 0; i < from.length; i++) {
    dot += from[i]! * to[i]!;
    squaresFrom += from[i]! ** 2;
    squaresTo += to[i]! ** 2;
  }
  const cosine = dot / Math.sqrt(squaresFrom * squaresTo);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine))); // NaN of a tensor of zeros
  if (!(angle > smallestAngle && angle < Math.PI - smallestAngle)) return mix(from, to, 1 - t, t);
  return mix(from, to, Math.sin((1 - t) * angle) / Math.sin(angle), Math.sin(t * angle) / Math.sin(angle));
}

const mix = (a: Float32Array, b: Float32Array, ofA: number, ofB: number): Float32Array =>
  a.map((value, i) => ofA * value + ofB * b[i]!);
