// Host memory at fixed addresses, for what a library reads and writes by pointer. An owner frees all that it allocated; nothing
// is left to the garbage collector, which knows nothing of it.
import type koffiModule from 'koffi';

/** Bytes of any typed array go to or come from the device. */
export type HostArray = Float32Array | Int32Array | Uint32Array | Uint16Array | Uint8Array | Int8Array | Float64Array;

/** An allocator by pointer: koffi's. */
export type Allocator = Pick<typeof koffiModule, 'alloc' | 'free' | 'view'>;

export interface HostBlock {
  readonly address: bigint;
  /** Of no use once the block is freed. */
  readonly view: DataView;
}

/** What one owner (the process, an open card, its matrix products) has of host memory. *Memory* everything goes with `dispose`. */
export class HostMemory {
  readonly #blocks = new Set<HostBlock>();

  constructor(private readonly allocator: Allocator) {}

  /** Blocks that are not freed yet. */
  get count(): number {
    return this.#blocks.size;
  }

  allocate(bytes: number): HostBlock {
    const address = this.allocator.alloc('char', bytes) as bigint; // a pointer, which koffi types as any
    const block = { address, view: new DataView(this.allocator.view(address, bytes)) };
    this.#blocks.add(block);
    return block;
  }

  free(block: HostBlock): void {
    if (this.#blocks.delete(block)) this.allocator.free(block.address);
  }

  /** A block for the time of one call. */
  during<R>(bytes: number, use: (block: HostBlock) => R): R {
    const block = this.allocate(bytes);
    try {
      return use(block);
    } finally {
      this.free(block);
    }
  }

  dispose(): void {
    for (const block of this.#blocks) this.free(block);
  }
}
