/**
 * What the endpoint says about itself: one closed union, the source of logs and metrics.
 * Never a token, a credential, an account name or a whole attempt id.
 */
import type { EndedReason, Outcome, WireReason } from '../contract/wire.js';
import type { BatchResult } from './batch/refresh-due.js';
import type { ClientKind } from './config/clients.js';
import type { UpstreamErrorCode } from './upstream/upstream.js';

/** What happened at the endpoint, for logs and metrics; never a secret. */
export type EndpointEvent =
  | {
      type: 'refresh';
      client: ClientKind;
      /** The cookie's outcome, whatever became of the token. */
      outcome: Outcome | 'spent' | 'ended' | 'reuse';
      status: number;
      reason?: WireReason;
      healed: boolean;
      /** Generations the client was behind. */
      lag: number;
      /** First 8 hex digits of the hashed attempt id: the same in both halves. */
      attempt: string;
      sid: string;
      ms: number;
    }
  /** An answer that is none. `client` when the request had got as far as a session; a refresh is also said as `refresh` then. */
  | { type: 'refused'; route: string; status: number; reason: WireReason; client: ClientKind | null; ms: number }
  | { type: 'login'; result: 'ok' | 'failed' | 'limited'; client: ClientKind; ms: number }
  /** One call to the provider. `resumed`: another process had set out and never reported back. */
  | { type: 'upstream'; result: 'ok' | 'conflict' | 'resumed' | UpstreamErrorCode }
  | { type: 'revocation'; result: 'ok' | UpstreamErrorCode }
  /** One family of `refreshDue` or `preload`. */
  | { type: 'batch'; result: BatchResult }
  | { type: 'lock'; result: 'timeout' | 'lost' }
  /** An event stream began or ended; `open` is how many this process has now. */
  | { type: 'stream'; change: 'opened' | 'closed'; open: number }
  | { type: 'ended'; reason: EndedReason; sid: string; client: ClientKind }
  | { type: 'reuse'; kind: 'previous' | 'older'; sid: string; client: ClientKind }
  /** Something broke: an outage or a defect. `what` names the step, `message` the cause. */
  | { type: 'fault'; what: string; message: string };

/** Hears what happens at the endpoint. */
export type Observe = (event: EndpointEvent) => void;

/**
 * Several listeners as one. What one of them throws is its own affair: no request fails for it, and the others hear all.
 * None hears a secret, and a fault quotes whoever failed: it is read here, before anybody can write it down.
 */
export function observers(given: Observe | readonly Observe[] = defaultObserve): Observe {
  const all = typeof given === 'function' ? [given] : given;
  return (said) => {
    const event = said.type === 'fault' ? { ...said, message: redacted(said.message) } : said;
    for (const observe of all) {
      try {
        observe(event);
      } catch {
        // There is nobody left to tell.
      }
    }
  };
}

function defaultObserve(event: EndpointEvent): void {
  if (event.type === 'fault') console.error(`tabaton: ${event.what}: ${event.message}`);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

/**
 * The application, a driver, a provider: each may quote a secret. What looks like a token is taken out, and so are addresses,
 * whose user info and query are where secrets travel. The name of an error stays.
 */
function redacted(message: string): string {
  const [name = ''] = /^[A-Za-z]{1,60}Error: /.exec(message) ?? [];
  const rest = message.slice(name.length).replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"']+/gi, '[url]');
  return name + rest.replace(/[A-Za-z0-9_~+/=-]{20,}(\.[A-Za-z0-9_~+/=-]*)*/g, '[…]');
}
