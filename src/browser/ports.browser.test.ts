/** The ports on the real thing: locks, channel, ledger, lifecycle and fetch of a Chromium. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { channelContract } from '../testing/contracts/channel.js';
import { clockContract } from '../testing/contracts/clock.js';
import { endpointContract } from '../testing/contracts/endpoint.js';
import { ledgerContract } from '../testing/contracts/ledger.js';
import { lifecycleContract } from '../testing/contracts/lifecycle.js';
import { lockContract } from '../testing/contracts/locks.js';
import { realTime } from '../testing/contracts/subject.js';
import { createChannel } from './channel.js';
import { createClock } from './clock.js';
import { createEndpoint } from './endpoint.js';
import { routesOf } from './routes.js';
import { createPackageChannel } from './fallback/broadcast-channel.js';
import { createLeaseLocks } from './fallback/lease-lock.js';
import { createMemoryLedger } from './fallback/memory-ledger.js';
import { createStorageLedger } from './fallback/storage-ledger.js';
import { createLedger } from './ledger.js';
import { createLifecycle } from './lifecycle.js';
import { createLocks } from './locks.js';
import { createRandom } from './random.js';

const clock = createClock();
const random = createRandom();

/** A fault of the platform must not reach the page as an unhandled rejection. */
const unhandled: unknown[] = [];
addEventListener('unhandledrejection', (event) => unhandled.push(event.reason));
afterEach(() => {
  vi.unstubAllGlobals();
  expect(unhandled).toEqual([]);
});

lockContract('Web Locks', () => ({ first: createLocks(), second: createLocks(), ...realTime }));

lockContract('lease lock on IndexedDB', () => {
  const locks = () => createLeaseLocks({ clock, random, ledgerOf: createLedger, lease: 600 });
  return { first: locks(), second: locks(), ...realTime };
});

channelContract('BroadcastChannel', () => {
  const name = random.id();
  return { first: createChannel(name), second: createChannel(name), carriesTokens: true, ...realTime };
});

describe('without BroadcastChannel', () => {
  channelContract('the package, over IndexedDB', () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const name = random.id();
    return {
      first: createPackageChannel(name),
      second: createPackageChannel(name),
      carriesTokens: false,
      within: realTime.within,
      // It polls, and it drops what is older than its listener by the wall clock.
      pass: (ms) => realTime.pass(ms + 400),
    };
  });
});

ledgerContract('IndexedDB', () => {
  const key = random.id();
  return { first: createLedger(key), second: createLedger(key), ...realTime };
});

ledgerContract('localStorage under a Web Lock', () => {
  const key = random.id();
  return { first: createStorageLedger(key, { clock, random }), second: createStorageLedger(key, { clock, random }), ...realTime };
});

describe('without locks', () => {
  ledgerContract('localStorage', () => {
    vi.stubGlobal('navigator', {});
    const key = random.id();
    return { first: createStorageLedger(key, { clock, random }), second: createStorageLedger(key, { clock, random }), ...realTime };
  });
});

ledgerContract('memory', () => {
  const ledger = createMemoryLedger();
  return { first: ledger, second: ledger, ...realTime };
});

clockContract('page', () => ({ clock, ...realTime }));

lifecycleContract('page', () => {
  let state = 'visible';
  vi.spyOn(document, 'visibilityState', 'get').mockImplementation(() => state as DocumentVisibilityState);
  // The suite runs in a frame of its own; to the port it is a page.
  vi.stubGlobal('parent', self);
  const become = (next: string) => {
    state = next;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  return {
    lifecycle: createLifecycle(),
    kind: 'page',
    hide: () => become('hidden'),
    show: () => become('visible'),
    freeze: () => document.dispatchEvent(new Event('freeze')),
    thaw: () => document.dispatchEvent(new Event('resume')),
    // The order in which Chromium says it.
    cache() {
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      become('hidden');
      document.dispatchEvent(new Event('freeze'));
    },
    restore() {
      document.dispatchEvent(new Event('resume'));
      become('visible');
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    },
    online: () => dispatchEvent(new Event('online')),
  };
});

endpointContract('fetch in Chromium', () => ({
  ...realTime,
  endpoint(behaviour) {
    const option = { refresh: `/backend/${behaviour}` };
    return createEndpoint(option, routesOf(option), 'page');
  },
}));

describe('lifecycle', () => {
  it('the first pageshow is no resume, and neither is one of an element', () => {
    const events: string[] = [];
    const cancel = createLifecycle().listen((event) => events.push(event));
    dispatchEvent(new PageTransitionEvent('pageshow'));
    const element = document.body.appendChild(document.createElement('div'));
    element.dispatchEvent(new Event('freeze', { bubbles: true }));
    cancel();
    expect(events).toEqual([]);
  });

  it('a prerendered page is inactive, ignores its pageshow, and resumes once it is activated', () => {
    let prerendering = true;
    Object.defineProperty(document, 'prerendering', { configurable: true, get: () => prerendering });
    const lifecycle = createLifecycle();
    const events: string[] = [];
    const cancel = lifecycle.listen((event) => events.push(event));
    dispatchEvent(new PageTransitionEvent('pageshow'));
    expect([lifecycle.active(), events]).toEqual([false, []]);
    prerendering = false;
    document.dispatchEvent(new Event('prerenderingchange'));
    expect([lifecycle.active(), events]).toEqual([true, ['resume']]);
    cancel();
    delete (document as { prerendering?: boolean }).prerendering;
  });
});
