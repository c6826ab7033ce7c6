/** One question to a service worker and its answer, on a port of its own. */
import { WORKER_PROTOCOL, type ToWorker, type Welcome } from '../contract/worker.js';
import type { Clock } from '../core/ports.js';

/** How long a claimed page may take to notice. Ms. */
const CLAIM_MS = 1_000;

/** Absent in private mode and on plain http; a sandboxed frame may not even ask. */
export const serviceWorkers = (): ServiceWorkerContainer | undefined => {
  try {
    return navigator.serviceWorker;
  } catch {
    return undefined;
  }
};

/** Posting wakes a stopped worker. `undefined` when nothing comes in time, or what comes is not of tabaton. */
export const postToWorker = (worker: ServiceWorker, message: Omit<ToWorker, 'tabaton'>, clock: Pick<Clock, 'after'>, ms: number): Promise<Welcome | undefined> =>
  new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    const end = (welcome?: Welcome) => (cancel(), port1.close(), resolve(welcome));
    const cancel = clock.after(ms, () => end());
    port1.onmessage = ({ data }) => end(typeof data?.tabaton === 'number' ? data : undefined);
    worker.postMessage({ tabaton: WORKER_PROTOCOL, ...message } satisfies ToWorker, [port2]);
  });

/** Asks a worker to take this page over; true when it has. */
export const claim = async (container: ServiceWorkerContainer, worker: ServiceWorker, clock: Pick<Clock, 'after'>, ms: number): Promise<boolean> => {
  // The answer and the new controller come by different pipes.
  const claimed = new Promise<void>((done) => {
    container.addEventListener('controllerchange', () => done(), { once: true });
    clock.after(ms + CLAIM_MS, done);
  });
  if ((await postToWorker(worker, { type: 'CLAIM' }, clock, ms)) && container.controller !== worker) await claimed;
  return container.controller === worker;
};
