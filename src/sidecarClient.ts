// Typed calls to the sidecar. Starts it when needed; a call whose sidecar dies is rejected at once.
import { CancellationTokenSource, ProgressType, type CancellationToken } from 'vscode-jsonrpc/node';
import type { Envelope, Operation } from '../protocol/operation';
import { ping, type Capabilities } from '../protocol/session';
import { toSidecarError } from './sidecarError';
import type { SidecarProcess } from './sidecarProcess';

interface CallOptions<P> {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: P) => void;
}

export interface SidecarClient {
  /** *Errors* `SidecarError`, always. */
  call<Params, Result, P>(
    operation: Operation<Params, Result, P>,
    params: Params,
    options?: CallOptions<P>,
  ): Promise<Result>;
  capabilities(): Promise<Capabilities>;
  /** Resolves to false when the sidecar does not answer in time. */
  isAnswering(limitMs: number): Promise<boolean>;
}

export function createSidecarClient(sidecar: SidecarProcess): SidecarClient {
  let nextToken = 0;
  const call: SidecarClient['call'] = async (operation, params, { signal, onProgress } = {}) => {
    try {
      const { connection, gone } = await sidecar.live();
      const progressToken = onProgress && `p${nextToken++}`;
      const progress = onProgress && connection.onProgress(new ProgressType<never>(), progressToken!, onProgress);
      const cancellation = cancellationOf(signal);
      try {
        const envelope: Envelope<typeof params> = { params, progressToken };
        const answer = connection.sendRequest<ResultOf<typeof operation>>(
          operation.method,
          envelope,
          cancellation.token,
        );
        answer.catch(() => {}); // when the process is gone first
        return await Promise.race([answer, gone]);
      } finally {
        progress?.dispose();
        cancellation.dispose();
      }
    } catch (error) {
      throw toSidecarError(error);
    }
  };
  return {
    call,
    capabilities: async () => (await sidecar.live()).hello.capabilities,
    async isAnswering(limitMs) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>(resolve => (timer = setTimeout(() => resolve(false), limitMs)));
      // A sidecar that died is no longer hanging: it is started again.
      const answered = call(ping, {}).then(
        () => true,
        () => true,
      );
      try {
        return await Promise.race([answered, late]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

type ResultOf<O> = O extends Operation<never, infer Result> ? Result : never;

function cancellationOf(signal: AbortSignal | undefined): { token: CancellationToken; dispose(): void } {
  const source = new CancellationTokenSource();
  const cancel = (): void => source.cancel();
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return {
    token: source.token,
    dispose: () => {
      signal?.removeEventListener('abort', cancel);
      source.dispose();
    },
  };
}
