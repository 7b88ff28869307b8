// Everything that can go wrong between us and a card, in the words of somebody who can do something about it. The driver's
// own text is always part of the message.
import { internalError, userError, type RpgError } from '../../../util/rpgError';

const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(2)} GiB`;

export function driverMissing(what: string, tried: readonly string[]): RpgError {
  const list = tried.length > 0 ? ` Tried ${tried.join('; ')}.` : '';
  return userError(
    'cuda-driver-missing',
    `CUDA: ${what}. Install the NVIDIA driver (or make it visible in this container), or choose another engine.${list}`,
    { tried },
  );
}

export function noDevice(): RpgError {
  return userError(
    'cuda-no-device',
    'CUDA: the driver works but shows no card; check `nvidia-smi` and CUDA_VISIBLE_DEVICES',
  );
}

/** A failed driver call: a card that is busy, gone or broken. */
export function driverRefused(call: string, status: number, text: string): RpgError {
  return userError(
    'cuda-call-failed',
    `CUDA: ${call} failed with ${status} (${text}). The last snapshot is safe; check \`nvidia-smi\`, then resume`,
    { call, status, text },
  );
}

export function driverTooOld(driverVersion: number): RpgError {
  return userError(
    'cuda-driver-too-old',
    `CUDA: the driver is for CUDA ${versionText(driverVersion)}, the kernels need one for CUDA 13: install NVIDIA driver 580 or newer`,
    { driverVersion },
  );
}

export function kernelsUnsupported(name: string, capability: number, driverVersion: number, text: string): RpgError {
  return userError(
    'cuda-kernels-unsupported',
    `CUDA: the kernels do not load on ${name} (compute capability ${capability / 10}) with a driver for CUDA ${versionText(driverVersion)}: ${text.replace(/\.$/, '')}. ` +
      'Cards of compute capability 8.0 and newer are supported; newer cards than the kernels know need a driver for CUDA 13',
    { name, capability, driverVersion, text },
  );
}

export function kernelsMissing(path: string, cause: string): RpgError {
  return internalError('cuda-kernels-missing', `CUDA: the compiled kernels ${path} could not be read: ${cause}`, {
    path,
  });
}

export function outOfDeviceMemory(
  device: string,
  what: string,
  wanted: number,
  free: number,
  remedy: string,
  text: string,
): RpgError {
  return userError(
    'cuda-out-of-memory',
    `CUDA: ${what} needs ${gib(wanted)} on ${device}, where ${gib(free)} are free (${text}). ${remedy}`,
    { device, what, wanted, free },
  );
}

/** Not even a context fits. */
export function cardFull(device: string, text: string): RpgError {
  return userError(
    'cuda-out-of-memory',
    `CUDA: ${device} has no memory left (${text}): other programs have taken it, \`nvidia-smi\` shows which. Close them, or choose another device`,
    { device },
  );
}

export function cardClosed(device: string): RpgError {
  return internalError('cuda-card-closed', `CUDA: ${device} was used after it had been closed`, { device });
}

/** Known before anything is taken. */
export function planTooLarge(device: string, wanted: number, free: number, plan: string, remedy: string): RpgError {
  return userError(
    'cuda-out-of-memory',
    `CUDA: this needs ${gib(wanted)} on ${device}, where ${gib(free)} are free. The plan: ${plan}. Mend it: ${remedy}`,
    { device, wanted, free },
  );
}

export function unsupportedModel(what: string): RpgError {
  return userError('cuda-unsupported-model', `CUDA: ${what}. Choose the portable engine`);
}

export function cublasRefused(call: string, status: number): RpgError {
  return userError(
    'cublas-call-failed',
    `CUDA: ${call} of cuBLASLt failed with status ${status} (${cublasStatus[status] ?? 'unknown'})`,
    { call, status },
  );
}

const cublasStatus: Record<number, string | undefined> = {
  1: 'not initialized',
  3: 'allocation failed',
  7: 'invalid value',
  8: 'architecture mismatch',
  11: 'mapping error',
  13: 'execution failed',
  14: 'internal error',
  15: 'not supported',
};

export function badBatch(what: string): RpgError {
  return internalError('bad-training-batch', `the training batch does not fit the open model: ${what}`);
}

export function openedToGenerate(): RpgError {
  return internalError('opened-to-generate', 'a model opened without optimizer state cannot be trained');
}

export function otherWeights(what: string): RpgError {
  return userError('weights-mismatch', `the weights do not fit the open model: ${what}`);
}

/** 13.0 for 13000. */
function versionText(driverVersion: number): string {
  return `${Math.floor(driverVersion / 1000)}.${Math.floor((driverVersion % 1000) / 10)}`;
}
