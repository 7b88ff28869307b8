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
    driver.call('cuStreamBeginCapture_v2', ['uint64', 'int'], stream, relaxed);
    let graph = 0n;
    const end = () => driver.out64(out => driver.call('cuStreamEndCapture', ['uint64', 'void*'], stream, out));
    try {
      enqueue();
      graph = end();
    } catch (error) {
      if (graph === 0n)
        device.host.during(8, out => driver.raw('cuStreamEndCapture', ['uint64', 'void*'], stream, out.address));
      throw error;
    }
    const executable = driver.out64(out =>
      driver.call('cuGraphInstantiateWithFlags', ['void*', 'uint64', 'uint64'], out, graph, 0),
    );
    driver.call('cuGraphDestroy', ['uint64'], graph);
    return new CudaGraph(device, executable);
  }

  launch(): void {
    this.device.driver.call('cuGraphLaunch', ['uint64', 'uint64'], this.executable, this.device.stream);
  }

  dispose(): void {
    this.device.driver.raw('cuGraphExecDestroy', ['uint64'], this.executable);
  }
}
