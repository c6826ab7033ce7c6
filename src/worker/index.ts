/** tabaton/worker: a service worker that is a full peer. */
export { installWorker, type WorkerOptions } from './install.js';
export type { WorkerApi, WorkerConfig, WorkerMode, WorkerRoutes } from '../contract/worker.js';
export type { PeerOptions } from './peer.js';
