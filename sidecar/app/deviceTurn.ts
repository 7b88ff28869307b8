// Which work takes turns with which. Whoever holds a turn has that device to itself; who has no turn to take only plans.
import type { EngineDevice } from '../engine/engine';

/** All devices of the host share its cores; tests and zoos use them too. */
export const hostTurn = 'the processor';

/** A card is a device of its own. */
export function turnOf({ engine, device, facts }: EngineDevice): string {
  return facts.sharesHost ? hostTurn : `${engine}/${device}`;
}
