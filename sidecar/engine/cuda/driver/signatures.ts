// What is called of the driver and of cuBLASLt, with the C types of the arguments: koffi declares the functions from these tables,
// and the compiler checks every call against them. All of them return a status as int.
import type koffiModule from 'koffi';
import type { HostArray } from './hostMemory';

/** By koffi's names. Handles, pointers and streams are `uint64`; what the host reads or writes is `void*`. */
interface CTypes {
  int: number;
  uint8: number;
  uint32: number;
  int64: number | bigint;
  uint64: number | bigint;
  size_t: number;
  'void*': bigint | HostArray | null;
  str: string;
}

type Signature = readonly (keyof CTypes)[];
export type Signatures = Readonly<Record<string, Signature>>;
export type Arguments<Types extends Signature> = { -readonly [At in keyof Types]: CTypes[Types[At]] };

/** The CUDA driver API. */
export const driverFunctions = {
  cuInit: ['uint32'],
  cuDriverGetVersion: ['void*'],
  cuGetErrorString: ['int', 'void*'],
  cuDeviceGetCount: ['void*'],
  cuDeviceGet: ['void*', 'int'],
  cuDeviceGetAttribute: ['void*', 'int', 'int'],
  cuDeviceGetName: ['void*', 'int', 'int'],
  cuDeviceTotalMem_v2: ['void*', 'int'],
  cuDevicePrimaryCtxRetain: ['void*', 'int'],
  cuDevicePrimaryCtxRelease_v2: ['int'],
  cuCtxSetCurrent: ['uint64'],
  cuMemGetInfo_v2: ['void*', 'void*'],
  cuMemAlloc_v2: ['void*', 'size_t'],
  cuMemFree_v2: ['uint64'],
  cuMemcpyHtoD_v2: ['uint64', 'void*', 'size_t'],
  cuMemcpyDtoH_v2: ['void*', 'uint64', 'size_t'],
  cuMemcpyDtoDAsync_v2: ['uint64', 'uint64', 'size_t', 'uint64'],
  cuMemsetD8Async: ['uint64', 'uint8', 'size_t', 'uint64'],
  cuStreamCreateWithPriority: ['void*', 'uint32', 'int'],
  cuStreamDestroy_v2: ['uint64'],
  cuStreamQuery: ['uint64'],
  cuStreamSynchronize: ['uint64'],
  cuStreamWaitEvent: ['uint64', 'uint64', 'uint32'],
  cuStreamBeginCapture_v2: ['uint64', 'int'],
  cuStreamEndCapture: ['uint64', 'void*'],
  cuEventCreate: ['void*', 'uint32'],
  cuEventDestroy_v2: ['uint64'],
  cuEventRecord: ['uint64', 'uint64'],
  cuEventElapsedTime: ['void*', 'uint64', 'uint64'],
  cuGraphInstantiateWithFlags: ['void*', 'uint64', 'uint64'],
  cuGraphLaunch: ['uint64', 'uint64'],
  cuGraphDestroy: ['uint64'],
  cuGraphExecDestroy: ['uint64'],
  cuModuleLoadData: ['void*', 'void*'],
  cuModuleGetFunction: ['void*', 'uint64', 'str'],
  cuModuleUnload: ['uint64'],
  cuFuncSetAttribute: ['uint64', 'int', 'int'],
  // Function; grid and block in three each; shared bytes; stream; arguments; extra.
  cuLaunchKernel: [
    ...(['uint64', 'uint32', 'uint32', 'uint32', 'uint32', 'uint32', 'uint32'] as const),
    ...(['uint32', 'uint64', 'void*', 'void*'] as const),
  ],
} as const satisfies Signatures;

/** cuBLASLt. */
export const cublasLtFunctions = {
  cublasLtCreate: ['void*'],
  cublasLtDestroy: ['uint64'],
  cublasLtMatmulDescCreate: ['void*', 'int', 'int'],
  cublasLtMatmulDescDestroy: ['uint64'],
  cublasLtMatmulDescSetAttribute: ['uint64', 'int', 'void*', 'size_t'],
  cublasLtMatrixLayoutCreate: ['void*', 'int', 'uint64', 'uint64', 'int64'],
  cublasLtMatrixLayoutDestroy: ['uint64'],
  cublasLtMatrixLayoutSetAttribute: ['uint64', 'int', 'void*', 'size_t'],
  cublasLtMatmulPreferenceCreate: ['void*'],
  cublasLtMatmulPreferenceDestroy: ['uint64'],
  cublasLtMatmulPreferenceSetAttribute: ['uint64', 'int', 'void*', 'size_t'],
  // Handle, product, three layouts and the output's again, preference, how many, results, how many were found.
  cublasLtMatmulAlgoGetHeuristic: [
    ...(['uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64', 'uint64'] as const),
    ...(['int', 'void*', 'void*'] as const),
  ],
  // Handle, product, alpha; both factors with layouts; beta; output twice with layout; algorithm; workspace; stream.
  cublasLtMatmul: [
    ...(['uint64', 'uint64', 'void*', 'uint64', 'uint64', 'uint64', 'uint64', 'void*'] as const),
    ...(['uint64', 'uint64', 'uint64', 'uint64', 'void*', 'uint64', 'size_t', 'uint64'] as const),
  ],
} as const satisfies Signatures;

type Library = ReturnType<(typeof koffiModule)['load']>;

/** Calls a function of a table and returns its status; each is declared at its first call, so that an older library may lack some. */
export type Caller<Table extends Signatures> = <Name extends keyof Table & string>(
  name: Name,
  ...args: Arguments<Table[Name]>
) => number;

export function callerOf<Table extends Signatures>(library: Library, table: Table): Caller<Table> {
  const functions = new Map<string, (...args: unknown[]) => number>();
  return (name, ...args) => {
    let known = functions.get(name);
    if (!known) {
      // The cast: koffi calls with any arguments; that they fit is this function's own type.
      known = library.func(name, 'int', [...table[name]!]);
      functions.set(name, known);
    }
    return known(...(args as readonly unknown[]));
  };
}
