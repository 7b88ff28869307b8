// Baseline: every weight drawn on its own from a normal distribution with the originals' mean and standard deviation of that
// very weight. It knows no correlations at all.
import { tensorRandom, type Baseline } from './baseline';

const name = 'per-weight Gaussian';

export const gaussianBaseline: Baseline = {
  name,
  title: 'every weight drawn from its own normal distribution over the originals',
  minOriginals: 2,
  make({ structure, originals, seed }, which) {
    return {
      name: `${name} #${which + 1}`,
      read(index) {
        const first = originals[0]!.read(index);
        if (structure.parameters[index]!.kind === 'fixed') return first;
        const { mean, std } = perWeightMoments(originals.map(original => original.read(index)));
        const isVariance = structure.parameters[index]!.kind === 'variance';
        const random = tensorRandom(name, seed, which, index);
        return Float32Array.from(mean, (m, i) => {
          const drawn = m + std[i]! * random.normal();
          // A batch-norm variance stays positive, as it does for generated networks.
          return isVariance ? Math.max(drawn, 0.001 * Math.abs(m)) : drawn;
        });
      },
    };
  },
};

/** *Shapes* tensors (networks)(n) → mean, unbiased std (n). */
function perWeightMoments(tensors: readonly Float32Array[]): { mean: Float64Array; std: Float64Array } {
  const mean = new Float64Array(tensors[0]!.length);
  const std = new Float64Array(mean.length);
  for (const tensor of tensors) for (let i = 0; i < mean.length; i++) mean[i]! += tensor[i]! / tensors.length;
  for (const tensor of tensors) for (let i = 0; i < mean.length; i++) std[i]! += (tensor[i]! - mean[i]!) ** 2;
  for (let i = 0; i < std.length; i++) std[i] = Math.sqrt(std[i]! / (tensors.length - 1));
  return { mean, std };
}
