// A typed array that grows at its end, doubling its memory.

export class GrowingArray<T extends Float64Array | Int32Array> {
  readonly #make: new (length: number) => T;
  #items: T;
  #length = 0;

  constructor(make: new (length: number) => T) {
    this.#make = make;
    this.#items = new make(1024);
  }

  get length(): number {
    return this.#length;
  }

  /** The memory itself, for loops over thousands of items: good up to `length`, until the next `push`. */
  get items(): T {
    return this.#items;
  }

  /** The item at an index below `length`. */
  at(index: number): number {
    return this.#items[index]!;
  }

  push(value: number): void {
    if (this.#length === this.#items.length) {
      const larger = new this.#make(2 * this.#length);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.#length++] = value;
  }

  clear(): void {
    this.#length = 0;
  }
}
