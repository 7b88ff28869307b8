// A captured sequence of kernels, launched as one. Capturing runs nothing.
import type { CudaDevice } from './driver';

/** An instantiated graph on the device's stream. */
export class CudaGraph {
  private constructor(
    private readonly device: CudaDevice,
    private readonly executable: bigint,
  ) {}

  /** Captures what `enqueue` puts on the device's stream. A failure inside ends the capture and is thrown on. */
  static capture(device: CudaDevice, enqueue: () => void): CudaGraph {
    const { driver, stream } = device;
    const relaxed = 2; // lets cuBLASLt choose an algorithm and load its kernel where a product is first seen in a capture
    driver.call('cuStreamBeginCapture_v2', stream, relaxed);
    let graph = 0n;
    const end = () => driver.out64(out => driver.call('cuStreamEndCapture', stream, out));
    try {
      enqueue();
      graph = end();
    } catch (error) {
      if (graph === 0n) device.host.during(8, out => driver.raw('cuStreamEndCapture', stream, out.address));
      throw error;
    }
    const executable = driver.out64(out => driver.call('cuGraphInstantiateWithFlags', out, graph, 0));
    driver.call('cuGraphDestroy', graph);
    return new CudaGraph(device, executable);
  }

  launch(): void {
    this.device.driver.call('cuGraphLaunch', this.executable, this.device.stream);
  }

  dispose(): void {
    this.device.driver.raw('cuGraphExecDestroy', this.executable);
  }
}
