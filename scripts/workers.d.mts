export function buildWorkers(outdir: string): Promise<void>;
