/** Only pages of a sealed session ever load the real one. */
import type { Clock, Keeper } from '../core/ports.js';

export const createKeeperLater = (clock: Pick<Clock, 'after'>): Keeper => ({
  ask: async (start) => (await import('./keeper.js')).createKeeper(clock).ask(start),
});
