// NVIDIA cards as devices of the engine registry. Without a driver there is still one entry, so that its probe can say
// what is missing.
import type { DeviceFacts, EngineDevice, Model, OpenOptions, Probe, TrainingMemory } from '../engine';
import type { ModelSpec } from '../../model/modelSpec';
import { RpgError } from '../../util/rpgError';
import { driverTooOld, noDevice, kernelsUnsupported } from './driver/cudaErrors';
import { cublasLtCandidates } from './driver/cublasLt';
import { elementOf, openCudaModel } from './cudaModel';
import { unsupportedSizes } from './limits';
import { planTraining, trainingMemory } from './memory/trainingPlan';
import { CudaDevice, deviceFacts, openDriver, openLibrary } from './driver/driver';

const oldestCapability = 80;
/** Code of a toolkit does not load on drivers of an older major version; ours is of CUDA 13. */
const oldestDriver = 13000;

/** One entry a card, at least one. Never throws. */
export async function cudaDevices(): Promise<readonly EngineDevice[]> {
  try {
    const driver = await openDriver();
    const count = driver.deviceCount();
    return Array.from({ length: Math.max(1, count) }, (_, index) => new CudaCard(index));
  } catch {
    return [new CudaCard(0)]; // its probe repeats the reason
  }
}

const cudaFacts: DeviceFacts = {
  kind: 'card',
  sharesHost: false,
  ownsMemory: true,
  workersPerCore: false,
  slicesTokens: true,
  precisions: ['float32', 'bfloat16'],
  fastPrecision: 'bfloat16',
  optimizerStates: ['float32', 'uint8'],
};

class CudaCard implements EngineDevice {
  readonly engine = 'cuda';
  readonly facts = cudaFacts;
  readonly device: string;
  readonly title: string;

  constructor(readonly index: number) {
    this.device = String(index);
    this.title = `NVIDIA card ${index} (CUDA)`;
  }

  async probe(): Promise<Probe> {
    try {
      const driver = await openDriver();
      if (driver.deviceCount() <= this.index) throw noDevice();
      const facts = deviceFacts(driver, this.index);
      if (facts.capability < oldestCapability) {
        throw kernelsUnsupported(facts.name, facts.capability, driver.version, 'the card is too old');
      }
      if (driver.version < oldestDriver) throw driverTooOld(driver.version);
      const products = openLibrary(driver.koffi, cublasLtCandidates());
      const notes = Array.isArray(products)
        ? [
            `cuBLASLt was not found, so large models train slower: install the CUDA toolkit or nvidia-cublas (pip), or name it in RPG_CUBLASLT. Tried ${products.join('; ')}`,
          ]
        : [`matrix products by ${products.path}`];
      return { kind: 'available', device: facts.name, memoryBytes: facts.memoryBytes, notes };
    } catch (error) {
      return { kind: 'unavailable', reason: error instanceof RpgError ? error.message : String(error) };
    }
  }

  refuses(spec: ModelSpec, precision: OpenOptions['precision']): string | null {
    const unsupported = unsupportedSizes(spec, precision);
    return unsupported === null ? null : `${unsupported}; the portable engine runs it`;
  }

  async planTraining(
    spec: ModelSpec,
    { precision, optimizerState }: Pick<OpenOptions, 'precision' | 'optimizerState'>,
  ): Promise<TrainingMemory> {
    const facts = deviceFacts(await openDriver(), this.index);
    return trainingMemory(planTraining(spec, facts, elementOf(precision), optimizerState));
  }

  async open(spec: ModelSpec, options: OpenOptions): Promise<Model> {
    const driver = await openDriver();
    if (driver.deviceCount() <= this.index) throw noDevice();
    return openCudaModel(new CudaDevice(driver, this.index), spec, options);
  }
}
