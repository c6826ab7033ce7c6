/** The session of one context: reads are answered here and now, everything else is the protocol's. */
import { TabatonError } from './errors.js';
import { keyOf, untilAhead } from './grant.js';
import { createContext, type Context } from './context.js';
import type { Ports } from './ports.js';
import type { Protocol } from './protocol.js';
import { part, promptly } from './promptly.js';
import { isClosed, parseRecord, spanHolds, type LedgerRecord } from './record.js';
import type { CoreOptions, CoreSession, GetTokenOptions } from './types.js';

const MIN_TTL_MS = 10_000;

/** When a part that could not be loaded is tried again. */
const LOAD_AGAIN_MS = 5_000;

/** The parts that are loaded when they are needed. Tests pass them in, so that no real time passes. */
export interface Parts {
  /** `ports`: those the protocol needs and reading does not. */
  protocol(): Promise<Pick<typeof import('./protocol.js'), 'createProtocol'> & { ports?: Partial<Ports> }>;
  leadership(): Promise<typeof import('./leadership.js')>;
}

/** `name` is the endpoint's: contexts with the same one share lock, channel and ledger. */
export const createCoreSession = (ports: Ports, options: CoreOptions, name: string, parts: Parts): { session: CoreSession; context: Context; verify(): Promise<unknown> } => {
  const { channel, lifecycle, clock } = ports;
  const context = createContext(ports, options);
  let loading: Promise<Protocol> | undefined;
  let booting: Promise<void> | undefined;

  const protocol = (): Promise<Protocol> => {
    if (context.disposed) return Promise.reject(new TabatonError('disposed', 'This session was disposed: create another one with createSession().'));
    return (loading ??= part(clock, parts.protocol(), options.timeout, () => (loading = undefined)).then(({ createProtocol, ports: more }) => {
      Object.assign(ports, more);
      return createProtocol(context, name, parts.leadership);
    }));
  };
  /** For what nobody waits for. */
  const quietly = (run: (loaded: Protocol) => unknown) => void protocol().then(run).catch(() => {});
  const hear = (data: unknown) => quietly((loaded) => loaded.hear(data));

  /** Until it is known who is signed in, a part that could not be loaded is tried again. */
  const insist = (run: (loaded: Protocol) => unknown): void =>
    void protocol()
      .then(run, () => context.disposed || clock.after(LOAD_AGAIN_MS, () => context.state.status === 'starting' && insist(run)))
      .catch(() => {});
  const start = () => insist((loaded) => loaded.start());
  /** Perhaps back from a login, `lazy` or not: what the other tabs hold may be somebody else's. A worker has its own way to know. */
  const returning = (record: LedgerRecord | undefined) => lifecycle.kind !== 'service_worker' && spanHolds(record?.login, clock.wall());
  const learn = (record: LedgerRecord | undefined) => {
    context.dispatch({ type: 'closed', sessions: record?.closed ?? [] });
    if (record?.logout) quietly((loaded) => loaded.insistOnLogout());
  };

  /**
   * What a suspended page had asked the ledger is answered when it comes back, and out of date by then:
   *
   *   boot ─ read ─ (cached ── login elsewhere ──) ─ nobody ✗
   *                                   resume ─ boot ─ read ─ somebody
   */
  let boots = 0;
  let booted = false;
  const boot = async () => {
    const mine = ++boots;
    channel.open(hear);
    const reading = ports.ledger.read().then((stored) => ({ record: parseRecord(stored) }));
    const answer = await promptly(clock, reading);
    if (mine !== boots) return;
    booted = true;
    const record = answer?.record;
    learn(record);
    if (!answer)
      reading.then(({ record: late }) => {
        if (mine !== boots) return;
        learn(late);
        if (returning(late)) start();
      }, () => {});
    if (context.disposed || context.state.status !== 'starting') return;
    if (returning(record)) return start();
    if (options.start === 'lazy') return;
    // Either is enough: the late answer of an older login may have taken the endpoint's marker away.
    const known = record?.hint && !isClosed(record, record.sid);
    // A ledger that is slow, or cannot be read, does not say that nobody is signed in.
    if (options.start === 'eager' || known || !answer || ports.endpoint.hint?.()) insist((loaded) => loaded.restore());
    else context.dispatch({ type: 'anonymous' });
  };

  const stopListening = lifecycle.listen((event) => {
    if (event === 'suspend') {
      boots++;
      channel.close();
    } else if (event === 'resume' && context.state.status === 'starting' && !booted) booting = boot();
    else if (event === 'resume') {
      channel.open(hear);
      quietly((loaded) => loaded.resync());
    } else if (loading && event === 'online') quietly((loaded) => loaded.online());
    else if (loading && event === 'visible') quietly((loaded) => loaded.hasten());
  });
  // A prerendered page may never be seen: it does nothing until `resume` says that it is.
  if (lifecycle.active()) booting = boot();

  /**
   * A token judged fresh in this very turn of the event loop. Reading two clocks costs ten times what an
   * async function does, so one judgement serves a burst of reads; any change of state ends it at once.
   */
  let hot: Promise<string> | undefined;
  context.watch(() => (hot = undefined));
  const cool = () => void (hot = undefined);

  const read = async (asked?: GetTokenOptions): Promise<string> => {
    const wish = asked ?? {};
    const grant = context.fresh(keyOf(wish), wish.minTtl ?? MIN_TTL_MS);
    if (!grant) {
      // A call in the first moment of a page must not cost a visitor the request that the hint is there to save.
      await booting;
      return (await protocol()).getToken(wish);
    }
    if (untilAhead(grant, clock, options) <= 0) quietly((loaded) => loaded.refreshAhead(wish));
    else if (!asked) {
      hot = Promise.resolve(grant.token);
      clock.after(0, cool);
    }
    return grant.token;
  };

  const session: Omit<CoreSession, typeof Symbol.dispose> = {
    // Gathered, because a call with fewer arguments than parameters costs Chromium a third of all this.
    getToken: (...given) => (hot && !given.length ? hot : read(given[0])),
    peek: (target) => context.valid(keyOf(target))?.token || undefined,
    isExpiring(target) {
      const grant = context.valid(keyOf(target));
      return !grant || untilAhead(grant, clock, options) <= 0;
    },
    refresh: async (wish = {}) => (await protocol()).refresh(wish),
    start: async (grant) => (await protocol()).start(grant),
    signIn: async ({ returnTo = '/' } = {}) => (await protocol()).signIn(returnTo),
    signOut: async ({ scope = 'device' } = {}) => (await protocol()).signOut(scope),
    subscribe: context.subscribe,
    getSnapshot: () => context.snapshot,
    on: context.on as CoreSession['on'],
    dispose() {
      context.disposed = true;
      stopListening();
      context.wake();
      // What is under way is the others', too: they hear of it before this context falls silent.
      const close = () => channel.close();
      if (loading) void loading.then((loaded) => loaded.landed()).then(close, close);
      else close();
    },
  };
  // Symbol.dispose is newer than some browsers this runs in.
  return { context, verify: async () => (await protocol()).verify(), session: Object.assign(session, Symbol.dispose && { [Symbol.dispose]: session.dispose }) as CoreSession };
};
