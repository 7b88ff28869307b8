// Any GPU through WebGPU: Dawn for Node (the `webgpu` package, found at run time) under tfjs' webgpu backend. Nothing of it is
// loaded before someone probes. Every operation costs about 50 µs, so it is for wide models; small ones run faster on wasm.
// In software, for tests: VK_ICD_FILENAMES naming a SwiftShader driver.
import type { EngineDevice, Probe } from '../../engine';
import { portableFacts } from '../portableFacts';
import { openLocalModel } from '../localModel';
import { useBackend } from '../tf';

export const webgpuDevice: EngineDevice = {
  engine: 'portable',
  device: 'webgpu',
  title: 'Graphics card (WebGPU)',
  facts: { ...portableFacts, kind: 'card' }, // it tells neither the size of its memory nor what is used
  probe: () => probe(),
  open: async (spec, options) => {
    const { adapter } = await startDawn();
    await import('@tensorflow/tfjs-backend-webgpu'); // registers the backend if it finds navigator.gpu
    await useBackend('webgpu');
    return openLocalModel(spec, options, 'webgpu', `portable engine, WebGPU on ${nameOf(adapter)}`);
  },
};

interface Dawn {
  gpu: GPU;
  adapter: GPUAdapter;
}

/** One per process: Dawn's objects must outlive every tensor. */
let dawn: Promise<Dawn> | undefined;

async function probe(): Promise<Probe> {
  try {
    const { adapter } = await startDawn();
    const notes =
      adapter.info.isFallbackAdapter || /swiftshader|llvmpipe/i.test(nameOf(adapter)) ? ['software, slow'] : [];
    return { kind: 'available', device: nameOf(adapter), memoryBytes: null, notes };
  } catch (error) {
    return { kind: 'unavailable', reason: error instanceof Error ? error.message : String(error) };
  }
}

function startDawn(): Promise<Dawn> {
  dawn ??= createDawn().catch((error: unknown) => {
    dawn = undefined; // a driver may be installed meanwhile: ask again next time
    throw error;
  });
  return dawn;
}

async function createDawn(): Promise<Dawn> {
  const { create, globals } = await loadPackage();
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) {
    throw new Error(
      'WebGPU finds no graphics card; install its driver (on Linux the Vulkan loader libvulkan.so.1 and an ICD, on Windows Direct3D 12)',
    );
  }
  // tfjs looks for the browser's global; Node's own navigator (from 21 on) is read-only and has no gpu.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true, writable: true });
  return { gpu, adapter };
}

async function loadPackage(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new Error(`the webgpu package cannot be loaded (${why}); install it beside the program: npm install webgpu`, {
      cause: error,
    });
  }
}

function nameOf({ info }: GPUAdapter): string {
  return info.description || info.device || info.architecture || info.vendor || 'an unnamed adapter';
}
