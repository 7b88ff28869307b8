// The code of the error something throws; anything that is not our own error fails the test that asks.
import { RpgError } from '../../sidecar/util/rpgError';

export function errorOf(action: () => unknown): RpgError {
  try {
    action();
  } catch (error) {
    return ownError(error);
  }
  throw new Error('nothing was thrown');
}

export async function rejectionOf(action: () => Promise<unknown>): Promise<RpgError> {
  try {
    await action();
  } catch (error) {
    return ownError(error);
  }
  throw new Error('nothing was thrown');
}

function ownError(error: unknown): RpgError {
  if (error instanceof RpgError) return error;
  throw new Error(`a foreign error: ${(error as Error).stack ?? String(error)}`);
}
