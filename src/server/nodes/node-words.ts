/** What a cluster and its nodes say to each other over the process channel. */
import type { TimingOptions } from '../config/timing.js';
import type { EndpointEvent } from '../observe.js';

/** Life of a seeded family's token: due once half of it is over. */
export const SEED_LIFE_MS = 8_000;

export interface NodeSettings {
  store: { port: number } | { file: string };
  key: string;
  publicOrigin: string;
  /** Port to listen on; any when absent. */
  listen?: number;
  provider?: { issuer: string; clientId: string; clientSecret: string };
  timing?: TimingOptions;
  /** Default 2 s: a busy machine is no outage. */
  storeDeadlineMs?: number;
}

export type NodeTask =
  /** Moves the process's clock ahead of the real one. */
  | { do: 'ahead'; ms: number }
  | { do: 'events' }
  | { do: 'seed'; from: number; count: number }
  | { do: 'drain' };

export type NodeWord =
  | { is: 'listening'; port: number }
  | { is: 'done' }
  | { is: 'events'; events: EndpointEvent[] }
  | { is: 'drained'; spent: string[] };
