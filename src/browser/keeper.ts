/** The service worker of a sealed session, asked by a page. Loaded only in that mode. */
import { WORKER_PROTOCOL } from '../contract/worker.js';
import { TabatonError } from '../core/errors.js';
import type { Clock, Keeper, KeeperReport } from '../core/ports.js';
import { claim, postToWorker, serviceWorkers } from './worker-post.js';

/** How long a first visit may take to install its worker, and a worker to refresh. Ms. */
const PATIENCE_MS = 15_000;

/** The worker that sees this page's requests; asks one that does not to take the page over. */
export const controller = async (clock: Pick<Clock, 'after'>): Promise<ServiceWorker> => {
  const container = serviceWorkers();
  if (container && !container.controller) {
    const registration = await Promise.race([container.ready, new Promise<undefined>((late) => clock.after(PATIENCE_MS, () => late(undefined)))]);
    if (registration?.active) await claim(container, registration.active, clock, PATIENCE_MS);
  }
  const sees = container?.controller;
  // Any worker may control a page, and one that is none of ours signs nothing: without a configuration this asks for a welcome only.
  if (sees && (await postToWorker(sees, { type: 'CONFIGURE' }, clock, PATIENCE_MS))) return sees;
  throw new TabatonError('not_controlled', 'No service worker of tabaton controls this page, and in mode `sealed` only it can sign requests: call session.worker.register() on every page, over https, with a script whose scope reaches it.');
};

export const createKeeper = (clock: Pick<Clock, 'after'>): Keeper => ({
  async ask(start) {
    const answer = await postToWorker(await controller(clock), { type: start ? 'START' : 'REPORT' }, clock, PATIENCE_MS);
    if (answer?.tabaton !== WORKER_PROTOCOL || !answer.report)
      throw new TabatonError('refresh_unavailable', 'The service worker does not say how the session stands: is it of this version, and configured?');
    return answer.report as KeeperReport;
  },
});
