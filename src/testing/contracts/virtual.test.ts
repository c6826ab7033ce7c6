/** The fakes honour the same contracts as the platform they stand for. */
import { createStrictServer, createVirtualOrigin, type NetworkFault } from '../index.js';
import { createLeaseLocks } from '../../browser/fallback/lease-lock.js';
import { channelContract } from './channel.js';
import { clockContract } from './clock.js';
import { endpointContract, type Behaviour } from './endpoint.js';
import { ledgerContract } from './ledger.js';
import { lifecycleContract } from './lifecycle.js';
import { lockContract } from './locks.js';
import { virtualTime } from './subject.js';

let seed = 0;
const two = () => {
  const server = createStrictServer();
  const origin = createVirtualOrigin({ seed: ++seed, server: server.serve });
  origin.jar.accept(server.login());
  const [first, second] = [origin.context(), origin.context()];
  return { origin, first, second, ...virtualTime(origin) };
};

lockContract('virtual', () => {
  const { first, second, ...time } = two();
  return { first: first.ports.locks, second: second.ports.locks, ...time };
});

lockContract('lease lock on a virtual ledger', () => {
  const { first, second, origin, ...time } = two();
  const locksOf = (context: typeof first) =>
    createLeaseLocks({
      clock: context.ports.clock,
      random: context.ports.random,
      // One record per lock name: a partition of its own gives one.
      ledgerOf: (name) => origin.context('page', { partition: name }).ports.ledger,
      // Short, so that the suite's "meanwhile" of 30 ms spans several looks.
      lease: 300,
    });
  return { first: locksOf(first), second: locksOf(second), ...time };
});

channelContract('virtual', () => {
  const { first, second, ...time } = two();
  return { first: first.ports.channel, second: second.ports.channel, carriesTokens: true, ...time };
});

ledgerContract('virtual', () => {
  const { first, second, ...time } = two();
  return { first: first.ports.ledger, second: second.ports.ledger, ...time };
});

clockContract('virtual', () => {
  const { first, ...time } = two();
  return { clock: first.ports.clock, ...time };
});

lifecycleContract('virtual', () => {
  const { first, origin } = two();
  return {
    lifecycle: first.ports.lifecycle,
    kind: 'page',
    hide: first.hide,
    show: first.show,
    freeze: first.freeze,
    thaw: first.thaw,
    cache: first.cache,
    restore: first.restore,
    online() {
      origin.offline();
      origin.online();
    },
  };
});

endpointContract('virtual', () => {
  const { first, origin, ...time } = two();
  const faults: Partial<Record<Behaviour, NetworkFault>> = {
    refuse: { instead: { status: 401, json: { error: 'invalid_grant' } } },
    busy: { instead: { status: 503, retryAfter: 7_000 } },
    drop: 'lose_reply',
    hang: 'hang',
  };
  return {
    ...time,
    endpoint(behaviour) {
      origin.fault = () => faults[behaviour];
      return first.ports.endpoint;
    },
  };
});
