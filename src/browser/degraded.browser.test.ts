/** What happens where the platform lacks something, or takes it away. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PROTOCOL } from '../core/messages.js';
import { collector } from '../testing/contracts/subject.js';
import { createPackageChannel } from './fallback/broadcast-channel.js';
import { createLedger, DATABASE } from './ledger.js';
import { createLocks } from './locks.js';
import { createPorts } from './ports.js';
import { createRandom } from './random.js';

const random = createRandom();
afterEach(() => vi.unstubAllGlobals());

const two = () => {
  const endpoint = `/backend/${random.id()}`;
  const [a, b] = [createPorts(endpoint), createPorts(endpoint)];
  return [{ ...a.ports, endpointName: a.name }, b.ports] as const;
};

describe('ports of a complete platform', () => {
  it('two contexts share lock, channel and ledger of one endpoint, and nothing with another', async () => {
    const [a, b] = two();
    const stranger = createPorts(`/backend/${random.id()}`).ports;
    await a.ledger.update(() => 'shared');
    expect([await b.ledger.read(), await stranger.ledger.read()]).toEqual(['shared', undefined]);
    const heard = collector<unknown>();
    const strange = collector<unknown>();
    a.channel.open(() => {});
    b.channel.open(heard.add);
    stranger.channel.open(strange.add);
    a.channel.post({ type: 'ROLL_CALL', protocol: PROTOCOL, from: 'a', incarnation: 'i' });
    await heard.reaches(1);
    expect(strange.items).toEqual([]);
    for (const { channel } of [a, b, stranger]) channel.close();
    expect(a.channel.carriesTokens).toBe(true);
  });
});

describe('without Web Locks', () => {
  it('a lease lock excludes just as well', async () => {
    vi.stubGlobal('navigator', {});
    const [a, b] = two();
    const name = random.id();
    const held = await a.locks.request(name).granted;
    const waiting = b.locks.request(name);
    const aborted = b.locks.request(name);
    aborted.abort();
    expect(await aborted.granted).toBeUndefined();
    held!.release();
    (await waiting.granted)!.release();
  });

  it('the lock of a dead holder expires', async () => {
    vi.stubGlobal('navigator', {});
    const [a, b] = two();
    const name = random.id();
    const ledger = createLedger(`${name}/lease`);
    await ledger.update(() => ({ holder: 'dead', beat: 5, queue: ['dead-too'] }));
    void a;
    (await b.locks.request(name).granted)!.release();
  });
});

describe('without BroadcastChannel', () => {
  it('hints travel, and no token may', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const [a, b] = two();
    expect(a.channel.carriesTokens).toBe(false);
    const heard = collector<unknown>();
    a.channel.open(() => {});
    b.channel.open(heard.add);
    // What is posted while the package is being loaded is lost, as on any channel nobody has opened.
    const posting = setInterval(() => a.channel.post({ type: 'ROLL_CALL', protocol: PROTOCOL, from: 'a', incarnation: 'i' }), 50);
    await heard.reaches(1);
    clearInterval(posting);
    a.channel.close();
    b.channel.close();
  });
});

describe('a BroadcastChannel that is refused', () => {
  it('is a channel on which nobody is heard', () => {
    vi.stubGlobal('BroadcastChannel', function () {
      throw new DOMException('blocked', 'SecurityError');
    });
    const [a] = two();
    a.channel.open(() => {});
    a.channel.post({ type: 'ROLL_CALL', protocol: PROTOCOL, from: 'a', incarnation: 'i' });
    a.channel.close();
  });
});

describe('without BroadcastChannel, closed while the package is being loaded', () => {
  it('stays closed', async () => {
    vi.stubGlobal('BroadcastChannel', undefined);
    const [a, b] = two();
    const heard: unknown[] = [];
    const other = collector<unknown>();
    const third = createPackageChannel(`tabaton/${a.endpointName}`);
    b.channel.open((data) => heard.push(data));
    b.channel.close();
    await import('./fallback/broadcast-channel.js');
    third.open(other.add);
    a.channel.open(() => {});
    const posting = setInterval(() => a.channel.post({ type: 'ROLL_CALL', protocol: PROTOCOL, from: 'a', incarnation: 'i' }), 50);
    await other.reaches(3);
    clearInterval(posting);
    expect(heard).toEqual([]);
    a.channel.close();
    third.close();
  });
});

describe('without IndexedDB', () => {
  it.each([
    ['missing', undefined],
    ['blocked', 'throws'],
  ])('%s: localStorage is the ledger', async (_, how) => {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'indexedDB')!;
    Object.defineProperty(globalThis, 'indexedDB', {
      configurable: true,
      get() {
        if (how) throw new DOMException('blocked', 'SecurityError');
        return undefined;
      },
    });
    try {
      const [a, b] = two();
      await a.ledger.update(() => ({ schema: 1 }));
      expect(await b.ledger.read()).toEqual({ schema: 1 });
      expect(Object.keys(localStorage).some((key) => key.startsWith('tabaton/'))).toBe(true);
    } finally {
      Object.defineProperty(globalThis, 'indexedDB', original);
      localStorage.clear();
    }
  });
});

describe('the ledger recovers', () => {
  const deleteDatabase = () =>
    new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase(DATABASE);
      request.onsuccess = () => resolve();
      request.onerror = () => reject(request.error);
      request.onblocked = () => reject(new Error('A connection was kept open.'));
    });

  it('from a deleted database, whose deletion it does not block', async () => {
    const ledger = createLedger(random.id());
    await ledger.update(() => 1);
    await deleteDatabase();
    expect(await ledger.read()).toBeUndefined();
    expect(await ledger.update(() => 2)).toBe(2);
  });

  it('from an opening that is never answered', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const silent = vi.spyOn(indexedDB, 'open').mockImplementation(() => new EventTarget() as IDBOpenDBRequest);
    const ledger = createLedger(random.id());
    void ledger.read();
    silent.mockRestore();
    vi.advanceTimersByTime(1_000);
    vi.useRealTimers();
    expect(await ledger.update(() => 1)).toBe(1);
  });

  it('from a connection closed behind its back', async () => {
    const connections: IDBDatabase[] = [];
    const transaction = IDBDatabase.prototype.transaction;
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...given) {
      connections.push(this);
      return transaction.apply(this, given);
    });
    const ledger = createLedger(random.id());
    await ledger.update(() => 1);
    connections[0]!.close();
    expect(await ledger.read()).toBe(1);
    spy.mockRestore();
  });

  it('from a database that could not be opened once', async () => {
    const spy = vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException('not now', 'UnknownError');
    });
    const ledger = createLedger(random.id());
    await expect(ledger.read()).rejects.toThrow('not now');
    spy.mockRestore();
    expect(await ledger.update(() => 3)).toBe(3);
  });

  it('asks for strict durability only where it is wanted', async () => {
    const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const ledger = createLedger(random.id());
    await ledger.update(() => 1, { durable: true });
    await ledger.update(() => 2);
    expect(spy.mock.calls.map(([, mode, options]) => [mode, options!.durability])).toEqual([
      ['readwrite', 'strict'],
      ['readwrite', 'default'],
    ]);
    spy.mockRestore();
  });
});

describe('locks that cannot be used', () => {
  it('reject, and say why', async () => {
    const refused = createLocks().request('-reserved');
    await expect(refused.granted).rejects.toMatchObject({ name: 'NotSupportedError' });
    vi.stubGlobal('navigator', {});
    await expect(createLocks().request('x').granted).rejects.toBeInstanceOf(TypeError);
  });
});

describe('platform canaries', () => {
  it('a sandboxed frame has locks that reject, a database that does not open, and no service workers to ask for', async () => {
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.srcdoc = `<script>
      const name = (error) => error.name;
      Promise.all([
        navigator.locks ? navigator.locks.request('x', () => 'granted').catch(name) : 'absent',
        (async () => indexedDB.open('x'))().then(() => 'opened', name),
        (async () => localStorage)().then(() => 'stored', name),
        (async () => document.cookie)().then(() => 'read', name),
        (async () => navigator.serviceWorker)().then(() => 'offered', name),
      ]).then((found) => parent.postMessage(found, '*'));
    </script>`;
    const found = new Promise((resolve) => addEventListener('message', (event) => event.source === frame.contentWindow && resolve(event.data)));
    document.body.append(frame);
    expect(await found).toEqual(Array(5).fill('SecurityError'));
    frame.remove();
  });
});
