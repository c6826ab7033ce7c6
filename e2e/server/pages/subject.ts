/** A session under test and the few things a test asks of it, the same in a page, a frame and any worker. */
import { createSession, isTabatonError, type EventName, type Session, type Snapshot } from '../../../src/index.js';
import { belongings } from './belongings.js';

export type Settled<T> =
  | { ok: true; value: T }
  | { ok: false; code: string; message: string; reason?: string | undefined; retryAt?: number | undefined };

export interface Seen {
  name: EventName;
  event: Record<string, unknown>;
}

export interface ApiReply {
  status: number;
  user: string | null;
  echo: string;
  method: string;
}

export interface CallInit {
  method?: string;
  body?: string;
}

const EVENTS: EventName[] = ['started', 'token', 'refresh', 'degraded', 'stalled', 'rejected', 'ended', 'role', 'worker', 'overtake', 'problem'];

export type SessionOptions = NonNullable<Parameters<typeof createSession>[0]>;

export function subject(options: SessionOptions | undefined) {
  const seen: Seen[] = [];
  const statuses: string[] = [];
  const reentered: Settled<string>[] = [];
  const own: { session: Session | undefined } = { session: undefined };
  const session = (): Session => {
    if (!own.session) throw new Error('This context has no session.');
    return own.session;
  };
  const create = (from: SessionOptions | undefined): Session => {
    const made = createSession(from);
    own.session = made;
    for (const name of EVENTS) made.on(name, (event) => seen.push({ name, event: { ...event } }));
    statuses.push(made.getSnapshot().status);
    made.subscribe(() => {
      const { status } = made.getSnapshot();
      if (statuses.at(-1) !== status) statuses.push(status);
    });
    return made;
  };
  if (options) create(options);
  return {
    create: (from?: SessionOptions): void => void create(from),
    dispose: (): void => session().dispose(),
    registerWorker: (options: Parameters<Session['worker']['register']>[0]): Promise<string> => session().worker.register(options),
    unregisterWorker: (): Promise<void> => session().worker.unregister(),
    workerState: (): string => session().worker.state,
    /** For benches that measure inside the page. */
    expose: (): void => void Object.assign(globalThis, { session: session() }),
    belongings,
    snapshot: (): Snapshot => session().getSnapshot(),
    /** Every status this context has ever shown, in order. */
    statuses: (): string[] => [...statuses],
    events: (name?: EventName): Seen[] => (name ? seen.filter((one) => one.name === name) : [...seen]),
    peek: (): string | null => session().peek() ?? null,
    token: (with_?: { minTtl?: number; wait?: boolean }): Promise<Settled<string>> => settled(session().getToken(with_)),
    refresh: (): Promise<Settled<string>> => settled(session().refresh()),
    /** Gives this call up after `ms`. */
    refreshWithin: (ms: number): Promise<Settled<string>> => settled(session().refresh({ signal: AbortSignal.timeout(ms) })),
    start: (grant?: Record<string, unknown>): Promise<Settled<void>> => settled(session().start(grant)),
    signOut: (scope?: 'device' | 'all'): Promise<Settled<void>> => settled(session().signOut(scope ? { scope } : undefined)),
    /** The application's own login, then `start()`. */
    login: async (user: string): Promise<Settled<void>> => {
      await post('/auth/login', { user });
      return settled(session().start());
    },
    /** The login request alone: its cookie has landed when this resolves. */
    loginRequest: (user: string): Promise<number> => post('/auth/login', { user }),
    api: (path: string, init?: CallInit): Promise<Settled<ApiReply>> =>
      settled(
        session()
          .fetch(path, init)
          .then(async (reply) => ({ status: reply.status, user: null, echo: '', method: '', ...((await reply.json()) as object) })),
      ),
    /** From now on every listener calls straight back into the session. */
    reenter: (): void => {
      const again = (): void => void settled(session().getToken()).then((answer) => reentered.push(answer));
      session().subscribe(() => void session().getSnapshot().status);
      session().on('token', again);
      session().on('refresh', again);
      session().on('started', again);
    },
    reentered: (): Settled<string>[] => [...reentered],
    throwInListeners: (): void => {
      const fail = (): never => {
        throw new Error('a listener of the application threw');
      };
      session().subscribe(fail);
      for (const name of EVENTS) session().on(name, fail);
    },
    /** Waits until the token held now has expired by this context's clock, then asks for one. */
    tokenOnceExpired: async (): Promise<Settled<string>> => {
      const { expiresAt } = session().getSnapshot();
      if (expiresAt === undefined) throw new Error('No expiry is known.');
      await new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, expiresAt - Date.now()) + 1));
      return settled(session().getToken());
    },
  };
}

export type Subject = ReturnType<typeof subject>;
export type Command = keyof Subject;
export type Answer<C extends Command> = Awaited<ReturnType<Subject[C]>>;
/** Asks a context from outside; what comes back has travelled as JSON. */
export type Run = <C extends Command>(command: C, ...args: Parameters<Subject[C]>) => Promise<Answer<C>>;

async function post(path: string, body: unknown): Promise<number> {
  const reply = await fetch(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'X-Tabaton': '1' },
    body: JSON.stringify(body),
  });
  await reply.text();
  return reply.status;
}

async function settled<T>(work: Promise<T>): Promise<Settled<T>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    if (!isTabatonError(error)) return { ok: false, code: 'foreign', message: String(error) };
    return { ok: false, code: error.code, message: error.message, reason: error.reason, retryAt: error.retryAt };
  }
}

/** `?options=` of this context's own address; absent: no session until `create`. */
export function optionsOf(address: string): SessionOptions | undefined {
  const text = new URL(address).searchParams.get('options');
  return text === null ? undefined : (JSON.parse(text) as SessionOptions);
}
