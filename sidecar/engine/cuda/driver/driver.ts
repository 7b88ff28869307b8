// The CUDA driver API from Node: one library, its functions declared once, every return code checked. No CUDA toolkit is
// needed, only the driver. Pointers and handles are bigint; kernels' parameters go through one block of host memory.
// Not here: what is computed (queue.ts and above), matrix products (cublasLt.ts).
import type koffiModule from 'koffi';
import {
  cardClosed,
  cardFull,
  driverMissing,
  driverRefused,
  kernelsUnsupported,
  outOfDeviceMemory,
} from './cudaErrors';
import { HostMemory, type HostArray, type HostBlock } from './hostMemory';
import { callerOf, driverFunctions, type Arguments, type Caller } from './signatures';

type Koffi = typeof koffiModule;
type Library = ReturnType<Koffi['load']>;
type DriverFunction = keyof typeof driverFunctions;

/** One argument of a kernel: number = int32, bigint = pointer or int64, the rest says what it is. */
export type KernelArgument =
  | number
  | bigint
  | { readonly f32: number }
  | { readonly f64: number }
  | { readonly ints: readonly number[] }
  | { readonly pointers: readonly bigint[] };

export type Grid = readonly [x: number, y?: number, z?: number];

const success = 0;
const notReady = 600;
const outOfMemory = 2;
const noBinaryForGpu = new Set([209, 218, 222]); // no image, invalid PTX, PTX of a newer toolkit than the driver

const libraryNames =
  process.platform === 'win32'
    ? ['nvcuda.dll']
    : [
        'libcuda.so.1',
        '/usr/lib/wsl/lib/libcuda.so.1',
        '/usr/local/nvidia/lib64/libcuda.so.1',
        '/usr/lib/x86_64-linux-gnu/libcuda.so.1',
      ];

/** Opens the first library of a list. *Errors* what was tried, with the loader's own words. */
export function openLibrary(koffi: Koffi, names: readonly string[]): { library: Library; path: string } | string[] {
  const tried: string[] = [];
  for (const path of names) {
    try {
      return { library: koffi.load(path), path };
    } catch (error) {
      tried.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return tried;
}

let opened: Promise<Driver> | undefined;

/** The process's driver, opened and initialised once. *Errors* user: koffi or the driver library missing, no device, old driver. */
export function openDriver(): Promise<Driver> {
  opened ??= Driver.open().catch((error: unknown) => {
    opened = undefined; // a driver installed meanwhile is found at the next probe
    throw error;
  });
  return opened;
}

/** The library and a small block of host memory for out-parameters. */
export class Driver {
  readonly version: number;
  /** Calls and returns the status code. */
  readonly raw: Caller<typeof driverFunctions>;
  readonly #scratch: HostBlock;

  private constructor(
    readonly koffi: Koffi,
    readonly library: Library,
    readonly path: string,
  ) {
    this.raw = callerOf(library, driverFunctions);
    this.#scratch = new HostMemory(koffi).allocate(65536); // for the life of the process
    this.call('cuInit', 0);
    this.version = this.out32(out => this.call('cuDriverGetVersion', out));
  }

  static async open(names: readonly string[] = libraryNames): Promise<Driver> {
    let koffi: Koffi;
    try {
      // A dynamic import: without the package the other engines still run.
      koffi = (await import('koffi')).default;
    } catch (error) {
      throw driverMissing(`the package koffi could not be loaded: ${String(error)}`, []);
    }
    const found = openLibrary(koffi, names);
    if (Array.isArray(found)) throw driverMissing('the NVIDIA driver library could not be opened', found);
    return new Driver(koffi, found.library, found.path);
  }

  /** Calls and checks. *Errors* user, with the driver's own text. */
  call<Name extends DriverFunction>(name: Name, ...args: Arguments<(typeof driverFunctions)[Name]>): void {
    this.check(name, this.raw(name, ...args));
  }

  check(name: string, status: number): void {
    if (status !== success) throw driverRefused(name, status, this.errorText(status));
  }

  errorText(status: number): string {
    const at = this.#scratch.address + 64000n;
    if (this.raw('cuGetErrorString', status, at) !== success) return 'unknown error';
    const text = this.#scratch.view.getBigUint64(64000, true);
    return text === 0n ? 'unknown error' : String(this.koffi.decode(text, 'char', -1));
  }

  out32(fill: (address: bigint) => void): number {
    fill(this.#scratch.address);
    return this.#scratch.view.getInt32(0, true);
  }

  out64(fill: (address: bigint) => void): bigint {
    fill(this.#scratch.address);
    return this.#scratch.view.getBigUint64(0, true);
  }

  outText(fill: (address: bigint) => void): string {
    fill(this.#scratch.address + 1024n);
    return String(this.koffi.decode(this.#scratch.address + 1024n, 'char', -1));
  }

  deviceCount(): number {
    return this.out32(out => this.call('cuDeviceGetCount', out));
  }
}

/** What a card is. */
export interface DeviceFacts {
  readonly name: string;
  /** 90 for compute capability 9.0. */
  readonly capability: number;
  readonly multiprocessors: number;
  /** Dynamic shared memory a block may ask for. */
  readonly sharedBytesPerBlock: number;
  readonly memoryBytes: number;
}

/** Reads a card's facts without opening it. */
export function deviceFacts(driver: Driver, index: number): DeviceFacts {
  const device = driver.out32(out => driver.call('cuDeviceGet', out, index));
  const attribute = (which: number) => driver.out32(out => driver.call('cuDeviceGetAttribute', out, which, device));
  return {
    name: driver.outText(out => driver.call('cuDeviceGetName', out, 256, device)),
    capability: attribute(75) * 10 + attribute(76),
    multiprocessors: attribute(16),
    sharedBytesPerBlock: attribute(97),
    memoryBytes: Number(driver.out64(out => driver.call('cuDeviceTotalMem_v2', out, device))),
  };
}

/** Floating-point operations of a multiprocessor in one cycle: dense tensor products of bfloat16, plain float32. */
const operationsPerCycle = (capability: number): { bf16: number; f32: number } => {
  if (capability >= 120) return { bf16: 1024, f32: 256 };
  if (capability >= 100) return { bf16: 8192, f32: 256 };
  if (capability >= 90) return { bf16: 4096, f32: 256 };
  return capability >= 86 ? { bf16: 1024, f32: 256 } : { bf16: 2048, f32: 128 };
};

/** What a card could do at its highest clocks, as its driver states them. *Units* a second. */
export function deviceLimits(
  { driver, index, facts }: CudaDevice,
  element: 'bf16' | 'f32',
): { operationsPerSecond: number; bytesPerSecond: number } {
  const device = driver.out32(out => driver.call('cuDeviceGet', out, index));
  const attribute = (which: number) => driver.out32(out => driver.call('cuDeviceGetAttribute', out, which, device));
  const [clock, memoryClock, busBits] = [attribute(13) * 1000, attribute(36) * 1000, attribute(37)];
  return {
    operationsPerSecond: facts.multiprocessors * clock * operationsPerCycle(facts.capability)[element],
    bytesPerSecond: (2 * memoryClock * busBits) / 8,
  };
}

/** An open card: context, stream, memory, kernels. *Memory* everything is released by `dispose`. */
export class CudaDevice {
  readonly facts: DeviceFacts;
  /** Where work goes. */
  stream: bigint;
  readonly #side: { stream: bigint; fork: bigint; joins: readonly [bigint, bigint] };
  readonly #context: bigint;
  readonly #modules: bigint[] = [];
  readonly #functions = new Map<string, bigint>();
  readonly #sharedBytes = new Map<string, number>();
  readonly #allocations = new Map<bigint, number>();
  /** Of this card, given back with it. */
  readonly host: HostMemory;
  #scratch: HostBlock | null;
  readonly #device: number;
  #bytes = 0;
  #peakBytes = 0;

  constructor(
    readonly driver: Driver,
    readonly index: number,
  ) {
    this.facts = deviceFacts(driver, index);
    this.#device = driver.out32(out => driver.call('cuDeviceGet', out, index));
    this.#context = driver.out64(out => {
      const status = driver.raw('cuDevicePrimaryCtxRetain', out, this.#device);
      if (status === outOfMemory) throw cardFull(this.facts.name, driver.errorText(status));
      driver.check('cuDevicePrimaryCtxRetain', status);
    });
    this.makeCurrent();
    this.host = new HostMemory(driver.koffi);
    this.#scratch = this.host.allocate(8192);
    const nonBlocking = 1;
    const createStream = (priority: number) =>
      driver.out64(out => driver.call('cuStreamCreateWithPriority', out, nonBlocking, priority));
    this.stream = createStream(0);
    const withoutTiming = 2;
    const createEvent = () => driver.out64(out => driver.call('cuEventCreate', out, withoutTiming));
    this.#side = { stream: createStream(-1), fork: createEvent(), joins: [createEvent(), createEvent()] };
  }

  get bytes(): number {
    return this.#bytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Other open cards of this process may have taken the thread's context. */
  makeCurrent(): void {
    this.driver.call('cuCtxSetCurrent', this.#context);
  }

  freeBytes(): number {
    const { address, view } = this.#block;
    this.driver.call('cuMemGetInfo_v2', address, address + 8n);
    return Number(view.getBigUint64(0, true));
  }

  /** *Errors* user: how much was wanted and is free, and `remedy`, the setting that lowers the need. */
  allocate(bytes: number, what: string, remedy: string): bigint {
    const rounded = Math.max(256, Math.ceil(bytes / 256) * 256);
    const status = this.driver.raw('cuMemAlloc_v2', this.#block.address, rounded);
    if (status === outOfMemory) {
      throw outOfDeviceMemory(this.facts.name, what, rounded, this.freeBytes(), remedy, this.driver.errorText(status));
    }
    this.driver.check('cuMemAlloc', status);
    const pointer = this.#block.view.getBigUint64(0, true);
    this.#allocations.set(pointer, rounded);
    this.#bytes += rounded;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return pointer;
  }

  free(pointer: bigint): void {
    const bytes = this.#allocations.get(pointer);
    if (bytes === undefined) return;
    this.#allocations.delete(pointer);
    this.#bytes -= bytes;
    this.driver.call('cuMemFree_v2', pointer);
  }

  /** Blocks until the bytes have left the host array; work on the stream that reads them must be queued afterwards. */
  upload(to: bigint, from: HostArray): void {
    if (from.byteLength === 0) return;
    this.driver.call('cuMemcpyHtoD_v2', to, from, from.byteLength);
  }

  /** The stream's work must have ended (`settle`). */
  download(to: HostArray, from: bigint): void {
    if (to.byteLength === 0) return;
    this.driver.call('cuMemcpyDtoH_v2', to, from, to.byteLength);
  }

  /** Zero bytes, in stream order. */
  clear(pointer: bigint, bytes: number): void {
    this.driver.call('cuMemsetD8Async', pointer, 0, bytes, this.stream);
  }

  /** Device to device, in stream order. */
  copy(to: bigint, from: bigint, bytes: number): void {
    this.driver.call('cuMemcpyDtoDAsync_v2', to, from, bytes, this.stream);
  }

  /** Queues beside the stream, after what is on it now; `join(lane)` makes the stream wait for it. Two lanes. */
  aside(lane: 0 | 1, enqueue: () => void): void {
    const { driver } = this;
    const { stream, fork, joins } = this.#side;
    const main = this.stream;
    driver.call('cuEventRecord', fork, main);
    driver.call('cuStreamWaitEvent', stream, fork, 0);
    this.stream = stream;
    try {
      enqueue();
    } finally {
      this.stream = main;
    }
    driver.call('cuEventRecord', joins[lane], stream);
  }

  join(lane: 0 | 1): void {
    this.driver.call('cuStreamWaitEvent', this.stream, this.#side.joins[lane], 0);
  }

  /** Resolves when the stream has run dry; the event loop turns meanwhile. */
  async settle(): Promise<void> {
    for (;;) {
      const status = this.driver.raw('cuStreamQuery', this.stream);
      if (status === success) return;
      if (status !== notReady) this.driver.check('cuStreamQuery', status);
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Loads kernels for this card. *Errors* user: no machine code for the card, or a driver older than the kernels. */
  loadModule(image: Uint8Array): void {
    // A PTX image ends with a zero byte. The driver takes a copy of what it loads.
    const status = this.host.during(image.length + 1, ({ address, view }) => {
      const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      bytes.set(image);
      bytes[image.length] = 0;
      return this.driver.raw('cuModuleLoadData', this.#block.address, address);
    });
    if (noBinaryForGpu.has(status)) {
      throw kernelsUnsupported(
        this.facts.name,
        this.facts.capability,
        this.driver.version,
        this.driver.errorText(status),
      );
    }
    this.driver.check('cuModuleLoadData', status);
    this.#modules.push(this.#block.view.getBigUint64(0, true));
  }

  /** *Errors* internal: no loaded module has that kernel. */
  launch(kernel: string, grid: Grid, block: Grid, sharedBytes: number, args: readonly KernelArgument[]): void {
    const handle = this.#function(kernel);
    if (sharedBytes > (this.#sharedBytes.get(kernel) ?? 49152)) {
      const maxDynamicSharedSize = 8;
      this.driver.call('cuFuncSetAttribute', handle, maxDynamicSharedSize, sharedBytes);
      this.#sharedBytes.set(kernel, sharedBytes);
    }
    const { address, view } = this.#block;
    const table = 4096; // pointers to the values that start at 0
    let at = 0;
    args.forEach((arg, i) => {
      view.setBigUint64(table + i * 8, address + BigInt(at), true);
      at += writeArgument(view, at, arg);
    });
    const status = this.driver.raw(
      'cuLaunchKernel',
      handle,
      grid[0],
      grid[1] ?? 1,
      grid[2] ?? 1,
      block[0],
      block[1] ?? 1,
      block[2] ?? 1,
      sharedBytes,
      this.stream,
      address + BigInt(table),
      null,
    );
    if (status !== success) {
      throw driverRefused(
        `cuLaunchKernel ${kernel} [${grid.join()}] [${block.join()}]`,
        status,
        this.driver.errorText(status),
      );
    }
  }

  /** Waits for the card and gives everything back. Safe after a failure: what the driver refuses then is only left alone. */
  dispose(): void {
    const quietly = this.driver.raw;
    quietly('cuCtxSetCurrent', this.#context);
    quietly('cuStreamSynchronize', this.stream);
    for (const pointer of this.#allocations.keys()) quietly('cuMemFree_v2', pointer);
    this.#allocations.clear();
    this.#bytes = 0;
    for (const module of this.#modules.splice(0)) quietly('cuModuleUnload', module);
    for (const event of [this.#side.fork, ...this.#side.joins]) quietly('cuEventDestroy_v2', event);
    for (const stream of [this.stream, this.#side.stream]) quietly('cuStreamDestroy_v2', stream);
    quietly('cuDevicePrimaryCtxRelease_v2', this.#device);
    this.#scratch = null;
    this.host.dispose();
  }

  /** Host memory for parameters and results. *Errors* internal: the card was closed, and the memory is another's. */
  get #block(): HostBlock {
    if (!this.#scratch) throw cardClosed(this.facts.name);
    return this.#scratch;
  }

  #function(kernel: string): bigint {
    const known = this.#functions.get(kernel);
    if (known !== undefined) return known;
    for (const module of this.#modules) {
      if (this.driver.raw('cuModuleGetFunction', this.#block.address, module, kernel) === success) {
        const handle = this.#block.view.getBigUint64(0, true);
        this.#functions.set(kernel, handle);
        return handle;
      }
    }
    throw driverRefused(`cuModuleGetFunction ${kernel}`, 500, 'named symbol not found');
  }
}

/** Writes one argument, 8-byte aligned, and returns the bytes used. */
function writeArgument(view: DataView, at: number, arg: KernelArgument): number {
  if (typeof arg === 'number') view.setInt32(at, arg, true);
  else if (typeof arg === 'bigint') view.setBigInt64(at, BigInt.asIntN(64, arg), true);
  else if ('f32' in arg) view.setFloat32(at, arg.f32, true);
  else if ('f64' in arg) view.setFloat64(at, arg.f64, true);
  else if ('ints' in arg) {
    arg.ints.forEach((value, i) => view.setInt32(at + i * 4, value, true));
    return Math.ceil(arg.ints.length / 2) * 8;
  } else {
    arg.pointers.forEach((value, i) => view.setBigInt64(at + i * 8, value, true));
    return arg.pointers.length * 8;
  }
  return 8;
}
