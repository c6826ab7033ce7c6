/** The stand-ins under what a single thread cannot show: other processes, standing still, dying. */
import { describe, expect, it } from 'vitest';
import { createStrictServer, createVirtualOrigin } from '../../testing/index.js';
import { createLeaseLocks } from './lease-lock.js';
import { createStorageMutex } from './storage-mutex.js';

const origin = (seed: number) => createVirtualOrigin({ seed, server: createStrictServer().serve });

describe('mutex on localStorage', () => {
  /** One store as two processes see it: what one writes shows in the other a few ms later. */
  const processes = (world: ReturnType<typeof origin>, count: number) => {
    const contexts = Array.from({ length: count }, () => world.context());
    const views = contexts.map(() => new Map<string, { written: number; value: string | null }>());
    let writes = 0;
    /** The store has one order of writes, and every view ends with the last of them. */
    const write = (from: number, key: string, value: string | null) => {
      const written = ++writes;
      const show = (view: (typeof views)[number]) => {
        if ((view.get(key)?.written ?? 0) < written) view.set(key, { written, value });
      };
      show(views[from]!);
      const { clock, random } = contexts[from]!.ports;
      views.forEach((view, i) => i !== from && clock.after(5 + 20 * random.next(), () => show(view)));
    };
    return contexts.map((context, i) => ({
      context,
      storage: {
        getItem: (key: string) => views[i]!.get(key)?.value ?? null,
        setItem: (key: string, value: string) => write(i, key, value),
        removeItem: (key: string) => write(i, key, null),
      } as Storage,
    }));
  };

  it.each(Array.from({ length: 40 }, (_, seed) => seed))('never lets two processes in at once (seed %d)', async (seed) => {
    const world = origin(seed);
    /** From an entrance until its effect shows everywhere, nobody else may enter. */
    let entered: number[] = [];
    let done = 0;
    for (const { context, storage } of processes(world, 3)) {
      const exclusively = createStorageMutex(storage, 'mutex', context.ports);
      void exclusively(() => entered.push(world.now())).then(() => done++);
    }
    expect(await world.until(() => done === 3, 60_000)).toBe(true);
    entered = entered.sort((a, b) => a - b);
    expect(entered[1]! - entered[0]!).toBeGreaterThanOrEqual(25);
    expect(entered[2]! - entered[1]!).toBeGreaterThanOrEqual(25);
  });

  it('the claim of a dead process is void after a while', async () => {
    const world = origin(1);
    const [dead, alive] = processes(world, 2);
    void createStorageMutex(dead!.storage, 'mutex', dead!.context.ports)(() => {});
    await world.advance(10);
    dead!.context.crash();
    let done = false;
    void createStorageMutex(alive!.storage, 'mutex', alive!.context.ports)(() => (done = true));
    expect(await world.until(() => done, 10_000)).toBe(true);
  });
});

describe('lease lock', () => {
  const two = (seed = 1) => {
    const world = origin(seed);
    const [a, b] = [world.context(), world.context()];
    const locks = (context: typeof a) =>
      createLeaseLocks({ clock: context.ports.clock, random: context.ports.random, ledgerOf: () => context.ports.ledger });
    return { world, a, b, locksA: locks(a), locksB: locks(b) };
  };
  const watch = (granted: Promise<unknown>) => {
    const state = { granted: false };
    void granted.then(() => (state.granted = true));
    return state;
  };

  it('opens one ledger for a lock, however often it is asked for: a connection is closed by nobody', async () => {
    const { world, a } = two();
    const opened: string[] = [];
    const { clock, random, ledger } = a.ports;
    const locks = createLeaseLocks({ clock, random, ledgerOf: (key) => (opened.push(key), ledger) });
    for (let n = 0; n < 20; n++) {
      const request = locks.request('x');
      const state = watch(request.granted);
      expect(await world.until(() => state.granted, 20_000)).toBe(true);
      request.abort();
      await world.advance(100);
    }
    expect(opened).toEqual(['x/lease']);
  });

  it('is kept for as long as its holder lives', async () => {
    const { world, locksA, locksB } = two();
    void locksA.request('x');
    await world.advance(100);
    const waiting = watch(locksB.request('x').granted);
    await world.advance(600_000);
    expect(waiting.granted).toBe(false);
  });

  it('passes on when its holder dies, and when the first of the queue does', async () => {
    const { world, a, b, locksA, locksB } = two();
    void locksA.request('x');
    await world.advance(100);
    void locksB.request('x');
    await world.advance(500);
    const c = world.context();
    const waiting = watch(createLeaseLocks({ ...c.ports, ledgerOf: () => c.ports.ledger }).request('x').granted);
    await world.advance(500);
    a.crash();
    b.crash();
    expect(await world.until(() => waiting.granted, 10_000)).toBe(true);
  });

  it('a frozen holder loses it, and learns of it when it runs again', async () => {
    const { world, a, locksA, locksB } = two();
    const request = locksA.request('x');
    await world.advance(100);
    const held = await request.granted;
    let lost = false;
    void held!.lost.then(() => (lost = true));
    a.freeze();
    const waiting = watch(locksB.request('x').granted);
    expect(await world.until(() => waiting.granted, 10_000)).toBe(true);
    expect(lost).toBe(false);
    a.thaw();
    expect(await world.until(() => lost, 10_000)).toBe(true);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))('when both stood still for an hour, the holder is not mistaken for dead (seed %d)', async (seed) => {
    const { world, a, b, locksA, locksB } = two(seed);
    const request = locksA.request('x');
    await world.advance(100);
    const held = await request.granted;
    let lost = false;
    void held!.lost.then(() => (lost = true));
    const waiting = watch(locksB.request('x').granted);
    await world.advance(5_000 + seed * 70);
    a.stop();
    b.stop();
    await world.advance(3_600_000);
    // The waiter looks first.
    b.thaw();
    await world.advance(50);
    a.thaw();
    await world.advance(10_000);
    expect([waiting.granted, lost]).toEqual([false, false]);
  });

  it('heals a record that some other script has written', async () => {
    const { world, locksB } = two();
    for (const junk of [null, 7, 'x', { holder: 7, queue: 'y', beat: {} }, { queue: [1, null, 'ghost'] }, []]) {
      world.ledger().set(junk);
      const request = locksB.request('x');
      const state = watch(request.granted);
      expect(await world.until(() => state.granted, 20_000)).toBe(true);
      request.abort();
      await world.advance(100);
    }
  });
});
