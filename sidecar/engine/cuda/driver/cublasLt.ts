// Matrix products by NVIDIA's cuBLASLt, the user's own copy: from a CUDA toolkit, or from the wheel inside any PyTorch
// environment. It is looked for in the usual places; without it queue.ts falls back to our own kernel (matmul.cu).
// An algorithm is asked for once per product (shape, pitches, alignments) and kept: the same call runs the same algorithm in the
// life of a model, so bits repeat.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openLibrary, type CudaDevice } from './driver';
import { cublasRefused } from './cudaErrors';
import { HostMemory, type HostBlock } from './hostMemory';
import { callerOf, cublasLtFunctions, type Arguments, type Caller } from './signatures';

export type ElementType = 'f32' | 'bf16';

/**
 * Row-major C (m, n) = op(A)·op(B) + beta·C. A is (m, k), or stored (k, m) when `transposeA`; B (k, n), or stored (n, k)
 * when `transposeB`. Pitches and batch strides in elements.
 */
export interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: bigint;
  readonly lda: number;
  readonly transposeA?: boolean;
  readonly b: bigint;
  readonly ldb: number;
  readonly transposeB?: boolean;
  readonly c: bigint;
  readonly ldc: number;
  readonly input: ElementType;
  readonly output: ElementType;
  readonly beta?: 0 | 1;
  /** Plan for that many only: others are busy. */
  readonly multiprocessors?: number;
  readonly batch?: {
    readonly count: number;
    readonly strideA: number;
    readonly strideB: number;
    readonly strideC: number;
  };
}

type Table = typeof cublasLtFunctions;
type CublasLtFunction = keyof Table;
type SetAttribute = Extract<CublasLtFunction, `${string}SetAttribute`>;
type AfterFirst<List extends readonly unknown[]> = List extends readonly [unknown, ...infer Rest] ? Rest : never;

const workspaceBytes = 64 * 2 ** 20;
const typeCodes = { f32: 0, bf16: 14 } as const; // CUDA_R_32F, CUDA_R_16BF
const compute32F = 68;

/** Where a cuBLASLt may be, best first. `RPG_CUBLASLT` names one, or `none` to do without. */
export function cublasLtCandidates(): string[] {
  const named = process.env.RPG_CUBLASLT;
  if (named === 'none') return [];
  if (process.platform === 'win32') {
    const roots = [process.env.CUDA_PATH].filter(root => root !== undefined);
    const files = ['cublasLt64_13.dll', 'cublasLt64_12.dll'];
    const wheels = pythonRoots().flatMap(root => [
      join(root, 'nvidia', 'cublas', 'bin'),
      join(root, 'nvidia', 'cu13', 'bin'),
    ]);
    const folders = [...roots.flatMap(root => [join(root, 'bin'), join(root, 'bin', 'x64')]), ...wheels];
    return [...(named ? [named] : []), ...files, ...folders.flatMap(folder => files.map(file => join(folder, file)))];
  }
  const toolkits = list('/usr/local')
    .filter(name => name.startsWith('cuda'))
    .flatMap(name => [`/usr/local/${name}/lib64`, `/usr/local/${name}/targets/x86_64-linux/lib`]);
  const wheels = pythonRoots().flatMap(root => [join(root, 'nvidia/cu13/lib'), join(root, 'nvidia/cublas/lib')]);
  const inFolders = [...toolkits, ...wheels].flatMap(folder =>
    list(folder)
      .filter(name => /^libcublasLt\.so\.1[23]$/.test(name))
      .map(name => join(folder, name)),
  );
  return [...(named ? [named] : []), 'libcublasLt.so.13', 'libcublasLt.so.12', ...inFolders];
}

/** site-packages folders of the active and the system's Pythons. */
function pythonRoots(): string[] {
  const environments = [
    process.env.VIRTUAL_ENV,
    process.env.CONDA_PREFIX,
    '/opt/torch/.venv',
    '/opt/venv',
    '/usr/local',
    '/usr',
  ];
  const onPath = (process.env.PATH ?? '').split(process.platform === 'win32' ? ';' : ':').map(bin => join(bin, '..'));
  const roots = new Set([...environments.filter(root => root !== undefined && root !== ''), ...onPath]);
  return [...roots].flatMap(root => {
    if (root === undefined) return [];
    if (process.platform === 'win32') return [join(root, 'Lib', 'site-packages')];
    return list(join(root, 'lib'))
      .filter(name => name.startsWith('python3'))
      .flatMap(name => [join(root, 'lib', name, 'site-packages'), join(root, 'lib', name, 'dist-packages')]);
  });
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // an absent folder is the normal case of a search
  }
}

interface Plan {
  readonly descriptor: bigint;
  readonly layouts: readonly [bigint, bigint, bigint];
  readonly algorithm: HostBlock;
}

/** cuBLASLt on one open card. *Memory* everything but the card's workspace, which goes with the card, is released by `dispose`. */
export class CublasLt {
  readonly version: string;
  readonly #raw: Caller<Table>;
  readonly #plans = new Map<string, Plan | null>();
  readonly #memory: HostMemory;
  readonly #host: HostBlock;
  readonly #handle: bigint;
  readonly #workspace: bigint;

  private constructor(
    readonly device: CudaDevice,
    readonly library: ReturnType<CudaDevice['driver']['koffi']['load']>,
    readonly path: string,
  ) {
    this.#raw = callerOf(library, cublasLtFunctions);
    this.#memory = new HostMemory(device.driver.koffi);
    this.#host = this.#memory.allocate(8192);
    const version = BigInt(this.library.func('cublasLtGetVersion', 'size_t', [])() as number | bigint);
    this.version = `${version / 10000n}.${(version / 100n) % 100n}.${version % 100n}`;
    this.#handle = this.#create('cublasLtCreate');
    try {
      this.#workspace = device.allocate(
        workspaceBytes,
        'the workspace of matrix products',
        'Close other programs that use the card',
      );
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Opens the first library that loads, or says where it was looked for. */
  static open(device: CudaDevice): CublasLt | { missing: string[] } {
    const found = openLibrary(device.driver.koffi, cublasLtCandidates());
    return Array.isArray(found) ? { missing: found } : new CublasLt(device, found.library, found.path);
  }

  /** Queues the product and returns true; false when cuBLASLt has no algorithm for it. */
  multiply(product: Product): boolean {
    const key = planKey(product);
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      plan = this.#plan(product);
      this.#plans.set(key, plan);
    }
    if (!plan) return false;
    const { address, view } = this.#host;
    view.setFloat32(64, 1, true);
    view.setFloat32(68, product.beta ?? 0, true);
    const [first, second, out] = plan.layouts;
    // Row-major C = A·B is column-major Cᵀ = Bᵀ·Aᵀ: the operands change places.
    this.#call(
      'cublasLtMatmul',
      this.#handle,
      plan.descriptor,
      address + 64n,
      product.b,
      first,
      product.a,
      second,
      address + 68n,
      product.c,
      out,
      product.c,
      out,
      plan.algorithm.address,
      this.#workspace,
      workspaceBytes,
      this.device.stream,
    );
    return true;
  }

  dispose(): void {
    for (const plan of this.#plans.values()) if (plan) this.#release(plan);
    this.#plans.clear();
    this.#raw('cublasLtDestroy', this.#handle);
    this.#memory.dispose();
  }

  #plan(product: Product): Plan | null {
    const { m, n, k, lda, ldb, ldc, batch } = product;
    const input = typeCodes[product.input];
    const output = typeCodes[product.output];
    const descriptor = this.#create('cublasLtMatmulDescCreate', compute32F, typeCodes.f32);
    this.#setInt('cublasLtMatmulDescSetAttribute', descriptor, 3, product.transposeB ? 1 : 0);
    this.#setInt('cublasLtMatmulDescSetAttribute', descriptor, 4, product.transposeA ? 1 : 0);
    if (product.multiprocessors !== undefined) {
      this.#setInt('cublasLtMatmulDescSetAttribute', descriptor, 15, product.multiprocessors);
    }
    const layout = (type: number, rows: number, columns: number, pitch: number, stride: number) => {
      const made = this.#create('cublasLtMatrixLayoutCreate', type, rows, columns, pitch);
      if (batch) {
        this.#setInt('cublasLtMatrixLayoutSetAttribute', made, 5, batch.count);
        this.#setLong('cublasLtMatrixLayoutSetAttribute', made, 6, BigInt(stride));
      }
      return made;
    };
    const layouts = [
      product.transposeB
        ? layout(input, k, n, ldb, batch?.strideB ?? 0)
        : layout(input, n, k, ldb, batch?.strideB ?? 0),
      product.transposeA
        ? layout(input, m, k, lda, batch?.strideA ?? 0)
        : layout(input, k, m, lda, batch?.strideA ?? 0),
      layout(output, n, m, ldc, batch?.strideC ?? 0),
    ] as const;
    const preference = this.#create('cublasLtMatmulPreferenceCreate');
    this.#setLong('cublasLtMatmulPreferenceSetAttribute', preference, 1, BigInt(workspaceBytes));
    for (const [attribute, pointer] of [
      [5, product.b],
      [6, product.a],
      [7, product.c],
      [8, product.c],
    ] as const) {
      this.#setInt('cublasLtMatmulPreferenceSetAttribute', preference, attribute, alignmentOf(pointer));
    }
    // A heuristic result: algorithm (64 bytes), workspace, status, waves, reserved: 96 bytes.
    const results = this.#memory.allocate(128);
    const heuristic = this.#raw(
      'cublasLtMatmulAlgoGetHeuristic',
      this.#handle,
      descriptor,
      ...layouts,
      layouts[2],
      preference,
      1,
      results.address,
      results.address + 112n,
    );
    this.#raw('cublasLtMatmulPreferenceDestroy', preference);
    const plan = { descriptor, layouts, algorithm: results };
    if (heuristic === 0 && results.view.getInt32(112, true) >= 1) return plan;
    this.#release(plan);
    return null;
  }

  #release({ descriptor, layouts, algorithm }: Plan): void {
    for (const layout of layouts) this.#raw('cublasLtMatrixLayoutDestroy', layout);
    this.#raw('cublasLtMatmulDescDestroy', descriptor);
    this.#memory.free(algorithm);
  }

  #call<Name extends CublasLtFunction>(name: Name, ...args: Arguments<Table[Name]>): void {
    const status = this.#raw(name, ...args);
    if (status !== 0) throw cublasRefused(name, status);
  }

  /** Of a function whose first argument is where the new handle goes. */
  #create<Name extends CublasLtFunction>(name: Name, ...args: AfterFirst<Arguments<Table[Name]>>): bigint {
    // The cast: what was taken off is put back.
    this.#call(name, ...([this.#host.address, ...args] as unknown as Arguments<Table[Name]>));
    return this.#host.view.getBigUint64(0, true);
  }

  #setInt(name: SetAttribute, object: bigint, attribute: number, value: number): void {
    this.#host.view.setInt32(16, value, true);
    this.#call(name, object, attribute, this.#host.address + 16n, 4);
  }

  #setLong(name: SetAttribute, object: bigint, attribute: number, value: bigint): void {
    this.#host.view.setBigInt64(16, value, true);
    this.#call(name, object, attribute, this.#host.address + 16n, 8);
  }
}

/** Largest power of two up to 256 that divides the address. */
function alignmentOf(pointer: bigint): number {
  let alignment = 256;
  while (alignment > 1 && pointer % BigInt(alignment) !== 0n) alignment /= 2;
  return alignment;
}

function planKey(p: Product): string {
  const batch = p.batch ? `${p.batch.count},${p.batch.strideA},${p.batch.strideB},${p.batch.strideC}` : '';
  const flags = `${p.input}${p.output}${p.transposeA ? 't' : 'n'}${p.transposeB ? 't' : 'n'}${p.beta ?? 0}`;
  const alignments = [p.a, p.b, p.c].map(alignmentOf).join();
  return `${flags}${p.multiprocessors ?? ''}|${p.m},${p.n},${p.k}|${p.lda},${p.ldb},${p.ldc}|${batch}|${alignments}`;
}
