export function buildWorkers(outdir: string): Promise<void>;
/** Into a folder relative to the repository. */
export function copyBinaries(outdir: string): void;
export const nativeKernels: readonly string[];
