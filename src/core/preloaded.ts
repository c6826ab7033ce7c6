/** The parts of a session, already loaded: for virtual time, where a real import would take no virtual time at all. */
import * as leadership from './leadership.js';
import * as protocol from './protocol.js';
import type { Parts } from './session.js';

export const preloaded: Parts = { protocol: async () => protocol, leadership: async () => leadership };
