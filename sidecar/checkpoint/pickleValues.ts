// Python values without a JavaScript twin, kept apart so that a round trip through pickle changes nothing: tuples are not
// lists, 1.0 is not 1, a global is a name and never a function.

export class PyTuple {
  constructor(readonly items: readonly unknown[]) {}
}

/** An integer-valued float such as 1.0; other floats are plain numbers. */
export class PyFloat {
  constructor(readonly value: number) {}
}

/** A class or function by name. Inert: nothing is imported or called. */
export class PyGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

export class PyBytes {
  constructor(readonly data: Uint8Array) {}
}

export class PySet {
  constructor(readonly items: unknown[]) {}
}

/** `collections.OrderedDict`; `attributes` holds a state dict's `_metadata`. */
export class PyOrderedDict extends Map<unknown, unknown> {
  attributes: Map<unknown, unknown> | null = null;
}

/** A call of an allowed constructor whose value needs no twin here, such as torch.device('cpu'). */
export class PyCall {
  constructor(
    readonly callee: PyGlobal,
    readonly args: readonly unknown[],
  ) {}
}
