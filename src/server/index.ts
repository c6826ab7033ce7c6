/** tabaton/server: the refresh endpoint, for any runtime with Request, Response and WebCrypto. */
export { createEndpoint } from './endpoint.js';
export type { Endpoint, Peek, ServerToken } from './endpoint.js';
export type { Revocation } from './devices/revoke.js';
export type { Authenticated, EndpointOptions, LimitOptions, RequestInfo } from './config/endpoint-options.js';
export type { ClientKind, ClientOptions } from './config/clients.js';
export type { PlaceOptions } from './config/place.js';
export type { TimingOptions } from './config/timing.js';
export type { BatchReport, BatchResult, RefreshDueOptions } from './batch/refresh-due.js';
export type { PreloadOptions } from './batch/preload.js';
export { createTokenManager } from './manager/token-manager.js';
export type { ManagedToken, TokenManager, TokenWish } from './manager/token-manager.js';
export type { ServicesOptions } from './manager/service-token.js';
export type { ManagedFunctions, ManagedProvider, TokenManagerOptions } from './manager/manager-options.js';
export { UpstreamError } from './upstream/upstream.js';
export type { UpstreamErrorCode, UpstreamTokens, UpstreamWish } from './upstream/upstream.js';
export type { FunctionUpstream, GrantKey } from './upstream/function-upstream.js';
export type { OidcOptions } from './upstream/oidc-options.js';
export type { IssuerOptions } from './issuer/local-issuer.js';
export type { EndpointEvent, Observe } from './observe.js';
export { createLog } from './logs/log.js';
export type { LogOptions } from './logs/log.js';
export { createMetrics } from './metrics/metrics.js';
export type { Metrics, MetricsOptions } from './metrics/metrics.js';
export type { Cancel, ServerClock, ServerRandom } from './clock.js';
export { MisconfiguredError } from './config/misconfigured.js';
export { memoryStore } from './stores/memory.js';
export type { MemoryStoreOptions } from './stores/memory.js';
export { StoreUnavailableError } from './store.js';
export type {
  Committed,
  DueClaim,
  EventInput,
  Lease,
  Minted,
  PendingCall,
  Presented,
  Store,
  StoredEvent,
  StorePresentation,
  TokenAsk,
  TokenDecision,
  UpstreamCommit,
} from './store.js';
export type { FamilyIdentity, FamilyRecord, TokenRecord, UpstreamRecord } from './families/family.js';
export type { RotationState } from './rotation.js';
export type { DeviceGrantOptions } from './config/device-grant.js';
export type { DeviceAnswer, DeviceAsk, DeviceDecision, DevicesAnswer, StreamEventName, StreamEvents } from '../contract/wire.js';
export type { EndedReason, Outcome, RefreshReason, WireReason } from '../contract/wire.js';
