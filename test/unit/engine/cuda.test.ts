// The CUDA engine's host side: what can be checked without a card. The kernels themselves are checked on one by
// `npm run golden -- DIR --engine cuda` and test/cuda.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packedSize, paddedChannels } from '../../../sidecar/engine/cuda/layers/convolution';
import { cublasLtCandidates } from '../../../sidecar/engine/cuda/driver/cublasLt';
import { driverRefused, kernelsUnsupported, outOfDeviceMemory } from '../../../sidecar/engine/cuda/driver/cudaErrors';
import type { KernelManifest } from '../../../sidecar/engine/cuda/driver/kernelFiles';
import { checkPlan, describePlan, MemoryPlan } from '../../../sidecar/engine/cuda/memory/memoryPlan';
import { layoutParameters, Parameters } from '../../../sidecar/engine/cuda/memory/parameters';
import { planTraining, trainingMemory } from '../../../sidecar/engine/cuda/memory/trainingPlan';
import type { CudaDevice } from '../../../sidecar/engine/cuda/driver/driver';
import { Queue, splitsFor } from '../../../sidecar/engine/cuda/driver/queue';
import { SamplerKernels, tableValues, takeTables } from '../../../sidecar/engine/cuda/sampling/sampler';
import { listDevices, selectDevice } from '../../../sidecar/engine/registry';
import { planSampler } from '../../../sidecar/model/samplers/registry';
import { createSchedule } from '../../../sidecar/model/schedule';
import { benchSizes } from '../../bench/sizes';
import { tinySpec } from '../../support/specs';

const kernels = path.resolve('sidecar/engine/cuda/kernels');

describe('compiled kernels', () => {
  const manifest = JSON.parse(readFileSync(path.join(kernels, 'prebuilt/manifest.json'), 'utf8')) as KernelManifest;

  it('were built from the sources beside them', () => {
    const hash = createHash('sha256');
    const sources = readdirSync(kernels).filter(name => /\.(cu|cuh)$/.test(name));
    for (const name of sources.sort()) hash.update(name).update(readFileSync(path.join(kernels, name)));
    expect(manifest.sourceHash, 'run node scripts/buildKernels.mjs').toBe(hash.digest('hex'));
  });

  it('hold machine code for every supported card and PTX for later ones', () => {
    expect(manifest.targets).toEqual(['sm_80', 'sm_86', 'sm_89', 'sm_90a', 'sm_100', 'sm_120', 'compute_80']);
    const fatBinaryMagic = 0xba55ed50;
    for (const { name, bytes } of manifest.files) {
      const packed = readFileSync(path.join(kernels, 'prebuilt', name));
      expect(packed.length).toBe(bytes);
      expect(brotliDecompressSync(packed).readUInt32LE(0)).toBe(fatBinaryMagic);
    }
  });

  it('take less than 3 MiB', () => {
    const total = manifest.files.reduce(
      (sum, { name }) => sum + statSync(path.join(kernels, 'prebuilt', name)).size,
      0,
    );
    expect(total).toBeLessThan(3 * 2 ** 20);
  });
});

describe('memory plan', () => {
  it('gives a phase the place of the one before it, and remembers the highest moment', () => {
    const plan = new MemoryPlan(0n);
    const kept = plan.take('kept', 1000);
    const first = plan.scope(() => plan.take('first', 5000));
    const second = plan.scope(() => plan.take('second', 300));
    expect(first - kept).toBe(1024n);
    expect(second).toBe(first);
    expect(plan.peakBytes).toBe(1024 + 5120);
    expect(plan.atPeak.map(line => line.name)).toEqual(['first', 'kept']);
  });

  it('refuses more than was planned', () => {
    const plan = new MemoryPlan(4096n, 512);
    plan.take('fits', 512);
    expect(() => plan.take('does not', 1)).toThrow(RangeError);
  });

  it('is printed largest first, small things together', () => {
    const lines = Array.from({ length: 10 }, (_, i) => ({ name: `part ${i}`, bytes: (i + 1) * 2 ** 20 }));
    expect(describePlan(lines)).toMatch(/^55\.0 MiB: part 9 10\.0 MiB, .*, other 3\.0 MiB$/);
  });
});

describe('a plan that does not fit', () => {
  const gib = 2 ** 30;
  const lines = (scratch: number, moments: number) => [
    { name: 'convolution outputs', bytes: scratch * gib },
    { name: 'optimizer state', bytes: moments * gib },
    { name: 'weights', bytes: 2 * gib },
  ];

  it.each([
    ['whose moments are large', lines(1, 8), 'float32', /uint8, or lower recurrent\.dModel/],
    ['whose activations are large', lines(20, 2), 'float32', /lower training\.batchSize or diffusion\.diffusionBatch/],
    ['whose moments are small already', lines(1, 8), 'uint8', /Mend it: lower recurrent\.dModel/],
  ] as const)('%s names the setting that helps', (_, plan, optimizerState, remedy) => {
    expect(() => checkPlan('Card', plan, 4 * gib, optimizerState)).toThrow(remedy);
  });

  it('says what it needs, what is free and what for', () => {
    expect(() => checkPlan('Card', lines(1, 8), 4 * gib, 'float32')).toThrow(
      /needs 11\.00 GiB on Card, where 4\.00 GiB are free\. The plan: 11\.00 GiB: optimizer state 8\.00 GiB, weights 2\.00 GiB/,
    );
  });

  it('is not refused when it fits to the byte', () => {
    expect(() => checkPlan('Card', lines(1, 8), 11 * gib, 'float32')).not.toThrow();
  });
});

describe('the plan of a training', () => {
  const h100 = {
    ...{ name: 'Card', capability: 90, multiprocessors: 132 },
    ...{ sharedBytesPerBlock: 232_448, memoryBytes: 80 * 2 ** 30 },
  };
  const gibibytes = (optimizerState: 'float32' | 'uint8' | 'none') => {
    const plan = planTraining(benchSizes.quickstart!, h100, 'bf16', optimizerState);
    const { weightBytes, optimizerBytes, activationBytes } = trainingMemory(plan);
    expect(plan.lines.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(weightBytes + optimizerBytes + activationBytes);
    return (weightBytes + optimizerBytes + activationBytes) / 2 ** 30;
  };

  it('of the quick-start size, with no card at hand, is what an H100 was seen to take beside cuBLASLt’s 64 MiB', () => {
    expect(gibibytes('float32') + 1 / 16).toBeCloseTo(19.81, 1);
    expect(gibibytes('uint8') + 1 / 16).toBeCloseTo(14.5, 1);
  });

  it('to generate takes the weights and no more', () => {
    expect(gibibytes('none')).toBeCloseTo(5.4, 1);
  });
});

describe('a sampler’s tables', () => {
  const diffusion = { T: 100_000, betaStart: 1e-6, betaEnd: 1e-4 };
  const plan = planSampler('ddpm', createSchedule(diffusion), { steps: 1, eta: 0, spacing: 'even' });

  it('hold the longest DDPM plan, every step in its place', () => {
    const { t, coefficients } = tableValues(plan);
    expect(t.length).toBe(100_000);
    expect(coefficients.length).toBe(400_000);
    const { a, b, sigma } = plan.steps[4097]!;
    expect(t[4097]).toBe(plan.steps[4097]!.t);
    expect([...coefficients.subarray(4 * 4097, 4 * 4098)]).toEqual([...Float32Array.of(a, b, sigma, 0)]);
    const memory = new MemoryPlan(0n);
    takeTables(planning(memory), 0n, plan.steps.length);
    expect(memory.peakBytes).toBeGreaterThanOrEqual(100_000 * 20);
  });

  it('grow with the plan by the time embeddings, while what makes them stays as it is', () => {
    const spec = tinySpec({ diffusion });
    const bytes = (steps: number) => {
      const memory = new MemoryPlan(0n);
      const queue = planning(memory);
      const layout = layoutParameters(spec, 'f32', 'none');
      const parameters = new Parameters(queue.device, layout, 'f32', 'none');
      new SamplerKernels(queue, parameters, spec, takeTables(queue, 0n, steps));
      return memory.peakBytes;
    };
    const perStep = 20 + spec.dimPerToken * 4;
    expect(bytes(100_000) - bytes(4096)).toBeLessThan((100_000 - 4096) * perStep + 1024);
  });

  function planning(memory: MemoryPlan): Queue {
    const closed: Pick<CudaDevice, 'facts'> = {
      facts: { name: 'Card', capability: 90, multiprocessors: 132, sharedBytesPerBlock: 232_448, memoryBytes: 2 ** 36 },
    };
    return new Queue(closed as CudaDevice, null, 'f32', memory, true); // a walk that launches nothing reads nothing else
  }
});

describe('parameters', () => {
  it('of the quick-start size take 12.4 GiB: float32 weights and moments, a bfloat16 copy', () => {
    const layout = layoutParameters(benchSizes.quickstart!, 'bf16', 'float32');
    const bytes = layout.lines.reduce((sum, line) => sum + line.bytes, 0);
    expect(bytes / 2 ** 30).toBeGreaterThan(12.3);
    expect(bytes / 2 ** 30).toBeLessThan(12.6);
  });

  it('keep a quarter of the moments with eight-bit state', () => {
    const state = (kind: 'float32' | 'uint8') =>
      layoutParameters(benchSizes.quickstart!, 'bf16', kind).lines.find(line => line.name === 'optimizer state')!.bytes;
    expect(state('uint8') / state('float32')).toBeCloseTo(0.254, 3);
  });

  it('never overlap', () => {
    const { slots } = layoutParameters(benchSizes.cnnsmall!, 'bf16', 'float32');
    const trained = [...slots.values()].filter(slot => slot.trained).sort((a, b) => a.offset - b.offset);
    for (const [i, slot] of trained.entries()) {
      const next = trained[i + 1];
      if (next) expect(slot.offset + slot.size).toBeLessThanOrEqual(next.offset);
    }
  });
});

describe('sizes', () => {
  it('of packed convolution weights follow the kernels: sixteens of depth, taps as depth for one channel', () => {
    expect(paddedChannels(17)).toBe(32);
    expect(packedSize(5, 3, 7)).toBe(7 * 5 * 16);
    expect(packedSize(5, 1, 7)).toBe(5 * 16);
  });

  it('of column sums split long columns only', () => {
    expect(splitsFor(152, 256)).toBe(1);
    expect(splitsFor(11584, 256)).toBe(64);
  });
});

describe('without a card', () => {
  it('the list still shows CUDA, and its probe says what is missing', async () => {
    const [first] = await listDevices();
    expect(first!.engine).toBe('cuda');
    const probe = await first!.probe();
    if (probe.kind === 'available') return; // a machine with a card: nothing is missing
    expect(probe.reason).toMatch(/NVIDIA driver|no card|koffi/);
  });

  it('auto goes on with the next engine, and keeps what CUDA lacks', async () => {
    const { device, passedOver } = await selectDevice({ engine: 'auto', device: 'auto' });
    if (device.engine === 'cuda') return; // a machine with a card
    expect(device.engine).toBe('portable');
    expect(passedOver[0]).toMatchObject({ engine: 'cuda', device: '0' });
    expect(passedOver[0]!.reason).toMatch(/NVIDIA driver|no card|koffi/);
  });

  it('CUDA asked for by name is refused with the reason, as the user\u2019s to mend', async () => {
    if ((await (await listDevices())[0]!.probe()).kind === 'available') return;
    await expect(selectDevice({ engine: 'cuda', device: 'auto' })).rejects.toMatchObject({
      code: 'device-unavailable',
      blame: 'user',
      message: expect.stringMatching(/cuda\/0: CUDA: .*(driver|card|koffi)/) as string,
    });
  });

  it('an old driver and a card that went away are told in the driver\u2019s own words', () => {
    expect(
      kernelsUnsupported('Card', 90, 12020, 'the provided PTX was compiled with an unsupported toolchain').message,
    ).toBe(
      'CUDA: the kernels do not load on Card (compute capability 9) with a driver for CUDA 12.2: the provided PTX was compiled with an unsupported toolchain. ' +
        'Cards of compute capability 8.0 and newer are supported; newer cards than the kernels know need a driver for CUDA 13',
    );
    const lost = driverRefused('cuStreamQuery', 719, 'unspecified launch failure');
    expect(lost.blame).toBe('user');
    expect(lost.message).toMatch(
      /cuStreamQuery failed with 719 \(unspecified launch failure\)\. The last snapshot is safe/,
    );
  });

  it('cuBLASLt can be named, or left out', () => {
    const before = process.env.RPG_CUBLASLT;
    process.env.RPG_CUBLASLT = '/somewhere/libcublasLt.so.13';
    expect(cublasLtCandidates()[0]).toBe('/somewhere/libcublasLt.so.13');
    process.env.RPG_CUBLASLT = 'none';
    expect(cublasLtCandidates()).toEqual([]);
    if (before === undefined) delete process.env.RPG_CUBLASLT;
    else process.env.RPG_CUBLASLT = before;
  });

  it('too little memory names the need, what is free and the setting', () => {
    const error = outOfDeviceMemory(
      'Card',
      'scratch memory',
      2 ** 33,
      2 ** 30,
      'Lower training.batchSize',
      'out of memory',
    );
    expect(error.blame).toBe('user');
    expect(error.message).toBe(
      'CUDA: scratch memory needs 8.00 GiB on Card, where 1.00 GiB are free (out of memory). Lower training.batchSize',
    );
  });
});
