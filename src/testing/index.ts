/**
 * Virtual tabs: a deterministic browser origin for tests, with crash, freeze, loss and clock control. And the contract of a
 * server's store, for those who write one.
 */
export { calm, type Conditions, type Engine } from './conditions.js';
export type { CookieJar } from './cookie-jar.js';
export { fetchServer, type FetchServerOptions } from './fetch-server.js';
export { createPrng, type Prng, type Range } from './prng.js';
export { createStrictServer, type StrictServer, type StrictServerOptions } from './strict-server.js';
export type { ContextOptions, VirtualContext } from './virtual-context.js';
export type { NetworkFault, VirtualRequest, VirtualResponse, VirtualServer } from './virtual-network.js';
export { createVirtualOrigin, VIRTUAL_EPOCH, type VirtualOrigin, type VirtualOriginOptions } from './virtual-origin.js';
export { createVirtualSession, VIRTUAL_ORIGIN_URL, type VirtualSession, type VirtualSessionOptions } from './virtual-session.js';
export { storeContract, type Matchers, type OpenStore, type StoreHarness, type TestRunner } from '../server/stores/contract.js';
export type { Api } from '../clients/fetch.js';
export type {
  AbortSignalLike,
  Activity,
  Connection,
  CoreOptions,
  CoreSession,
  EventName,
  GetTokenOptions,
  GrantInput,
  Level,
  ProblemCode,
  RefreshOptions,
  RefreshReason,
  Role,
  SessionEndReason,
  SessionEvents,
  Snapshot,
  Status,
  TokenTarget,
} from '../core/types.js';
export type { ContextState, Vitality } from './vitality.js';
export type { VirtualLedger } from './virtual-ledger.js';
export type { Cancel, Channel, Clock, Endpoint, Exchange, Held, Keeper, Ledger, Lifecycle, LifecycleEvent, LockManager, LockRequest, LogoutCall, News, Ports, Random, RefreshCall, Reply } from '../core/ports.js';
export type { WorkerState } from '../core/types.js';
export type { HeldGrant, Message, MessageBody, WireGrant } from '../core/messages.js';
export type { ContextKind, EndedReason } from '../contract/wire.js';
export type { Gate, Task } from './scheduler.js';
