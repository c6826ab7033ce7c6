/** A ledger that is lost, slow or broken: what is known survives it, and what was not seen is looked up. */
import { describe, expect, it } from 'vitest';
import { createStrictServer, type VirtualContext } from '../testing/index.js';
import { createSharedLedger } from './shared-ledger.js';
import { full, tabs } from './testing/tabs.js';

describe('a lost ledger', () => {
  it('is made anew by what the tabs know: generations go on, a sign-out stays', async () => {
    const { origin, active, outcome, record, grants } = tabs();
    Object.assign(grants, { gen: undefined, sid: undefined, session_at: undefined, outcome: undefined, attempt_settled: undefined });
    const two = await active(2);
    await outcome(two[0]!.session.refresh());
    await origin.advance(100);
    const { incarnation } = record() as unknown as { incarnation: string };
    origin.ledger().set(undefined);
    await outcome(two[1]!.session.refresh());
    await origin.advance(100);
    expect(record().tokens['|']?.generation).toBe(3);
    expect((record() as unknown as { incarnation: string }).incarnation).not.toBe(incarnation);
    await outcome(two[0]!.session.signOut());
    const closed = record().closed.map(({ sid }) => sid);
    origin.ledger().set(undefined);
    two[1]!.context.hide();
    await outcome(two[1]!.session.signOut());
    expect(record().closed.map(({ sid }) => sid)).toEqual(expect.arrayContaining(closed));
  });

  it('counts the generations of a backend that does not, over all tabs', async () => {
    const server = createStrictServer();
    const { origin, active, outcome, record } = tabs({ server: server.serve });
    origin.jar.accept(server.login());
    const three = await active(3);
    for (const { session } of three) {
      await outcome(session.refresh());
      await origin.advance(100);
    }
    expect(record().tokens['|']?.generation).toBe(4);
    expect(three.map(({ session }) => session.getSnapshot().generation)).toEqual([4, 4, 4]);
  });

  it('that does not answer costs a second, not the token', async () => {
    const { origin, open, outcome } = tabs();
    const context = origin.context();
    context.ports.ledger.read = () => new Promise(() => {});
    context.ports.ledger.update = () => new Promise(() => {});
    const { session } = open({}, context);
    const problems: string[] = [];
    session.on('problem', ({ code }) => problems.push(code));
    const started = origin.now();
    expect((await outcome(session.getToken())).value).toBe('token-1');
    expect(origin.now() - started).toBeLessThan(6_000);
    expect(problems).toContain('ledger_unavailable');
  });

  it.each([
    ['slow', () => new Promise<never>(() => {})],
    ['broken', () => Promise.reject(new Error('The ledger cannot be read, as it was told.'))],
  ])('that is %s does not make its user a visitor', async (_, read) => {
    const { origin, active, open } = tabs();
    await active(1);
    const context = origin.context('worker');
    context.ports.ledger.read = read;
    const { session } = open({ start: 'hint' }, context);
    const statuses = new Set<string>();
    session.subscribe(() => void statuses.add(session.getSnapshot().status));
    await origin.advance(5_000);
    expect(statuses).not.toContain('anonymous');
    expect(session.getSnapshot().status).toBe('active');
  });

  it('that is slow to say who has just signed in says it all the same', async () => {
    const { origin, active, open, grants } = tabs();
    const [ann] = await active(1);
    await origin.advance(100);
    const context = origin.context();
    const { ledger, clock } = context.ports;
    const read = ledger.read.bind(ledger);
    ledger.read = () => ((ledger.read = read), new Promise((resolve) => void clock.after(1_500, () => resolve(read()))));
    // Back from the login page as somebody else, while another tab holds the token of the session before.
    origin.ledger().set({ ...(origin.ledger().peek() as object), login: { at: context.ports.clock.wall(), for: 600_000, sid: 's1' } });
    Object.assign(grants, { sid: 's2', session_at: 2_000 });
    const { session } = open({ start: 'hint' }, context);
    await origin.advance(10_000);
    expect([session, ann!.session].map((one) => one.getSnapshot().sid)).toEqual(['s2', 's2']);
  });

  /** Every operation takes 1.2 s, which is longer than anybody waits for one, for `ms` from now. */
  const slowly = ({ ports: { ledger, clock } }: VirtualContext, ms: number) => {
    const end = clock.monotonic() + ms;
    const delay = () => new Promise<void>((resolve) => (clock.monotonic() < end ? void clock.after(1_200, resolve) : resolve()));
    const { read, update } = ledger;
    ledger.read = async () => (await delay(), read.call(ledger));
    ledger.update = async (...args) => (await delay(), update.apply(ledger, args));
  };

  it('that is slow when a document starts undoes no sign-out: it is over as soon as the ledger says so', async () => {
    let over = false;
    const { origin, active, open, watch } = tabs({
      server(request) {
        if (request.route === 'logout') over = true;
        return over ? { status: 400, json: { error: 'invalid_grant', reason: 'no_cookie', session: 'none' } } : full(request, 1);
      },
    });
    const [tab] = await active(1);
    origin.fault = (request) => (request.route === 'logout' ? 'lose_request' : undefined);
    watch(tab!.session.signOut());
    await origin.advance(1_000);
    tab!.context.close();
    origin.fault = undefined;
    const context = origin.context();
    slowly(context, 3_500);
    const { session } = open({ start: 'hint' }, context);
    await origin.advance(10_000);
    expect(session.getSnapshot().status).not.toBe('active');
    expect(session.peek()).toBeUndefined();
    expect(over).toBe(true);
  });

  it('that is slow when a document starts which asks for nothing says all the same that a sign-out is to be delivered', async () => {
    const { origin, active, open, record } = tabs();
    const [tab] = await active(1);
    tab!.context.close();
    origin.ledger().set({ ...record(), hint: false, closed: [{ sid: 's1', at: 1, reason: 'signed_out' }], logout: { sid: 's1', scope: 'device' } });
    const context = origin.context();
    slowly(context, 1_000);
    open({ start: 'lazy' }, context);
    await origin.advance(20_000);
    expect(origin.requests.slice(1)).toMatchObject([{ route: 'logout', call: { sid: 's1' } }]);
  });

  it('that is slow when a page wakes up hides no sign-out from it', async () => {
    const { origin, active, outcome } = tabs();
    const [one, two] = await active(2);
    two!.context.freeze();
    await outcome(one!.session.signOut());
    slowly(two!.context, 5_000);
    two!.context.thaw();
    await origin.advance(10_000);
    expect(two!.session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'signed_out' });
  });

  it('that answers a page only when it comes back from the cache has nothing to say any more', async () => {
    const { origin, open, outcome } = tabs();
    const context = origin.context();
    const { ledger } = context.ports;
    const read = ledger.read.bind(ledger);
    let answer: (stored: unknown) => void = () => {};
    ledger.read = () => ((ledger.read = read), new Promise((resolve) => (answer = resolve)));
    const { session } = open({ start: 'hint' }, context);
    const statuses = new Set<string>();
    session.subscribe(() => void statuses.add(session.getSnapshot().status));
    await origin.advance(10);
    context.cache();
    await outcome(open({ start: 'lazy' }).session.start());
    context.restore();
    answer(undefined);
    await origin.advance(5_000);
    expect(session.getSnapshot().status).toBe('active');
    expect(statuses).not.toContain('anonymous');
  });

  it('that is lost cannot bear out a sign-out: the word counts', async () => {
    const { origin, active } = tabs();
    const [tab] = await active(1);
    origin.ledger().set(undefined);
    origin.inject({ type: 'SESSION_ENDED', protocol: 1, from: 'somebody', incarnation: 'any', sid: 's1', reason: 'signed_out' });
    await origin.advance(30_000);
    expect(tab!.session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'signed_out' });
  });

  it('that fails now and then is offered again each time as soon as the first time', async () => {
    const { origin, record } = tabs();
    const { ports } = origin.context();
    const update = ports.ledger.update.bind(ports.ledger);
    let broken = false;
    ports.ledger.update = (...given) => (broken ? Promise.reject(new Error('The ledger failed, as it was told.')) : update(...given));
    let recovered = 0;
    const ledger = createSharedLedger(ports, () => {}, () => (recovered += 1));
    for (let round = 1; round <= 12; round++) {
      broken = true;
      void ledger.update((known) => ({ ...known, leaderEpoch: round }));
      await origin.advance(1);
      broken = false;
      await origin.advance(600);
      expect([recovered, record().leaderEpoch]).toEqual([round, round]);
    }
  });

  it('that fails for long is offered what is owed now and then, by one timer, and not for ever', async () => {
    const { origin } = tabs();
    const { ports } = origin.context();
    let writes = 0;
    ports.ledger.update = () => (writes++, Promise.reject(new Error('The ledger failed, as it was told.')));
    const ledger = createSharedLedger(ports, () => {}, () => {});
    for (let n = 1; n <= 50; n++) void ledger.update((known) => ({ ...known, leaderEpoch: n }));
    await origin.advance(3_600_000);
    expect(writes).toBe(50 + 10);
  });

  it('that cannot be used bears nothing out: what is said of a later session is believed, and of the end of this one', async () => {
    const { origin, active, outcome } = tabs();
    const [tab] = await active(1);
    const said = (body: object) => origin.inject({ protocol: 1, from: 'somebody', incarnation: 'any', ...body });
    const { ledger } = tab!.context.ports;
    ledger.read = ledger.update = () => Promise.reject(new Error('The ledger failed, as it was told.'));
    await outcome(tab!.session.refresh());
    said({ type: 'TOKEN', grant: { token: 'said', sid: 's2', sessionAt: 2_000, generation: 1, key: '|', lifetime: 600_000, remaining: 600_000, sentAt: 1_800_000_000_000 + origin.now() } });
    await origin.advance(2_000);
    expect(tab!.session.peek()).toBe('said');
    said({ type: 'SESSION_ENDED', sid: 's2', reason: 'revoked' });
    await origin.advance(2_000);
    expect(tab!.session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'revoked' });
  });

  it('in which somebody finds a sign-out is told to the others at once', async () => {
    const { origin, active, outcome, record } = tabs();
    const [reader, other] = await active(2);
    // Whoever wrote this stood still before it was said.
    origin.ledger().set({ ...record(), hint: false, closed: [{ sid: 's1', at: 1, reason: 'signed_out' }], logout: { sid: 's1', scope: 'device' } });
    await outcome(reader!.session.refresh());
    await origin.advance(1_000);
    expect(other!.session.getSnapshot()).toMatchObject({ status: 'ended', reason: 'signed_out' });
  });
});
