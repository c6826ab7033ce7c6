/** What an endpoint's lock, channel and ledger are called: one cookie, one ledger. */
import { shortHash } from '../contract/wire.js';

/** WebKit refuses long lock names; the head keeps a name readable in developer tools. */
const LONGEST = 100;

export const sharedName = (endpoint: string): string =>
  endpoint.length > LONGEST ? `${endpoint.slice(0, LONGEST)}~${shortHash(endpoint)}` : endpoint;
