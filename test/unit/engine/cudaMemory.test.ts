// What the CUDA engine takes of the host's memory, which no garbage collector gives back: all of it goes with its owner. The
// driver and cuBLASLt are those of test/fixtures/cuda, compiled here; everything above them is the product.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openCudaModel } from '../../../sidecar/engine/cuda/cudaModel';
import { CublasLt, type Product } from '../../../sidecar/engine/cuda/driver/cublasLt';
import { CudaDevice, Driver } from '../../../sidecar/engine/cuda/driver/driver';
import { HostMemory } from '../../../sidecar/engine/cuda/driver/hostMemory';
import { benchSizes } from '../../bench/sizes';
import { repository } from '../../support/folders';

const folder = mkdtempSync(path.join(tmpdir(), 'rpg-host-memory-'));
const compile = (name: string) => {
  const source = path.join(repository, 'test', 'fixtures', 'cuda', `${name}.c`);
  const library = path.join(folder, `${name}.so`);
  return { library, ...spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source]) };
};
const [fakeDriver, fakeProducts] = [compile('driver'), compile('cublasLt')];
const missing =
  process.platform !== 'linux' || process.arch !== 'x64' || fakeDriver.status !== 0 || fakeProducts.status !== 0;
if (missing) console.warn('skipped: a driver without a card needs Linux on x64 and a C compiler');
const namedBefore = process.env.RPG_CUBLASLT;
process.env.RPG_CUBLASLT = fakeProducts.library;
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (namedBefore === undefined) delete process.env.RPG_CUBLASLT;
  else process.env.RPG_CUBLASLT = namedBefore;
});

describe('host memory', () => {
  it('frees every block once, whoever asks', () => {
    const held = new Map<bigint, ArrayBuffer>();
    const freed: bigint[] = [];
    const memory = new HostMemory({
      alloc: (_, bytes) => {
        const address = BigInt(1000 + held.size);
        held.set(address, new ArrayBuffer(bytes));
        return address;
      },
      view: (address: bigint) => held.get(address)!,
      free: (address: bigint) => void freed.push(address),
    });
    const first = memory.allocate(3);
    memory.allocate(5);
    memory.free(first);
    memory.free(first);
    expect(() =>
      memory.during(7, () => {
        throw new RangeError('inside');
      }),
    ).toThrow('inside');
    expect(memory.count).toBe(1);
    memory.dispose();
    memory.dispose();
    expect(freed).toEqual([1000n, 1002n, 1001n]);
  });
});

describe.skipIf(missing)('an open card', () => {
  const open = async () => new CudaDevice(await Driver.open([fakeDriver.library]), 0);

  it('keeps no image of the kernels it has loaded', async () => {
    const device = await open();
    const before = device.host.count;
    for (let i = 0; i < 3; i++) device.loadModule(new Uint8Array(1 << 20));
    expect(device.host.count).toBe(before);
    device.dispose();
  });

  it('gives its memory back and then refuses work instead of writing into another’s', async () => {
    const device = await open();
    device.dispose();
    expect(device.host.count).toBe(0);
    expect(() => device.freeBytes()).toThrow(/was used after it had been closed/);
  });

  it('destroys what cuBLASLt made of every product, with and without an algorithm', async () => {
    const device = await open();
    const objects = device.driver.koffi.load(fakeProducts.library).func('fakeObjects', 'int', []);
    const products = CublasLt.open(device) as CublasLt; // the fake one is there
    const product = (m: number): Product => ({
      ...{ m, n: 3, k: 5, a: 256n, lda: 5, b: 512n, ldb: 3, c: 768n, ldc: 3 },
      ...{ input: 'f32', output: 'f32' },
    });
    expect([7, 13, 7, 11].map(m => products.multiply(product(m)))).toEqual([true, false, true, true]);
    expect(objects()).toBe(1 + 2 * 4); // the handle; a descriptor and three layouts for each of two shapes
    products.dispose();
    expect(objects()).toBe(0);
    device.dispose();
  });

  it('keeps nothing when a model does not fit', async () => {
    const device = await open();
    const objects = device.driver.koffi.load(fakeProducts.library).func('fakeObjects', 'int', []);
    const large = benchSizes.quickstart!; // 20 GiB, where the fake card has four
    expect(() => openCudaModel(device, large, { seed: 1, precision: 'float32', optimizerState: 'float32' })).toThrow(
      /GiB are free/,
    );
    expect([objects(), device.host.count]).toEqual([0, 0]);
  });
});
