/** Real Node processes around one store and one provider. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../testing/free-port.js';
import { openIdProvider, signInAt, type OpenIdProvider } from '../testing/openid-provider.js';
import type { EndpointEvent } from '../observe.js';
import type { TimingOptions } from '../config/timing.js';
import type { NodeSettings, NodeTask, NodeWord } from './node-words.js';

const KEY = 'bm9kZXMtb2YtYS10ZXN0LWNsdXN0ZXItb25seS0wMTIzNDU2Nzg5';

/** Short enough to be waited for; the ratios are those of the defaults. */
const NODE_TIMING: TimingOptions = { deadlineMs: 8_000, transitMs: 0, raceMs: 8_000, minRotationMs: 8_001, mintGapMs: 0, leaseMs: 600 };

export interface Node {
  readonly port: number;
  readonly alive: boolean;
  /** SIGKILL: nothing is said, nothing is released. */
  kill(): Promise<void>;
  tell(task: NodeTask): Promise<NodeWord>;
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
  setCookies: string[];
}

export interface Cluster {
  readonly nodes: readonly Node[];
  readonly provider: OpenIdProvider;
  readonly origin: string;
  /** Signs a new user in through the provider; the answer is the Cookie header. */
  signIn(sub?: string): Promise<string>;
  refresh(node: number, cookie: string, body?: object, options?: { attempt?: string; signal?: AbortSignal }): Promise<Answer>;
  session(node: number, cookie: string): Promise<Record<string, unknown>>;
  /** How often the provider's token endpoint was asked to refresh or exchange. */
  tokenCalls(): number;
  events(): Promise<EndpointEvent[]>;
  ahead(ms: number): Promise<void>;
  restart(node: number): Promise<void>;
  close(): Promise<void>;
}

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Bundles the node once; it lies where Node finds the packages it leaves out. */
export async function bundleNode(from = root): Promise<string> {
  const { build } = await import('vite');
  const folder = join(from, 'node_modules/.cache/tabaton-nodes');
  mkdirSync(folder, { recursive: true });
  const name = `node-${process.pid}.mjs`;
  await build({
    root: from,
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    build: {
      ssr: join(from, 'src/server/nodes/node-process.ts'),
      outDir: folder,
      emptyOutDir: false,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: name, codeSplitting: false } },
    },
  });
  return join(folder, name);
}

export async function startNode(file: string, settings: NodeSettings): Promise<Node> {
  const child: ChildProcess = fork(file, [JSON.stringify(settings)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const words: NodeWord[] = [];
  const waiting: { resolve(word: NodeWord): void; reject(error: Error): void }[] = [];
  child.on('message', (word: NodeWord) => {
    const next = waiting.shift();
    if (next) next.resolve(word);
    else words.push(word);
  });
  child.once('exit', (code) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`A node ended with ${code}.`));
  });
  const hear = () =>
    new Promise<NodeWord>((resolve, reject) => {
      const word = words.shift();
      if (word) resolve(word);
      else if (child.exitCode === null && child.signalCode === null) waiting.push({ resolve, reject });
      else reject(new Error('The node has ended.'));
    });
  const first = await hear();
  if (first.is !== 'listening') throw new Error('A node said something before it was ready.');
  return {
    port: first.port,
    get alive() {
      return child.exitCode === null && child.signalCode === null;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    tell(task) {
      child.send(task);
      return hear();
    },
  };
}

export async function startCluster(file: string, store: NodeSettings['store'], count = 4): Promise<Cluster> {
  // The first node is where the provider sends people back to: its port is known beforehand.
  const listen = await freePort();
  const origin = `http://localhost:${listen}`;
  const provider = await openIdProvider({ redirectUri: `${origin}/auth/callback`, accessTtl: 60 });
  const settings: NodeSettings = {
    store,
    key: KEY,
    publicOrigin: origin,
    provider: { issuer: provider.issuer, clientId: provider.clientId, clientSecret: provider.clientSecret },
    timing: NODE_TIMING,
  };
  const start = (node: number) => startNode(file, { ...settings, ...(node === 0 ? { listen } : {}) });
  const nodes = await Promise.all(Array.from({ length: count }, (_, node) => start(node)));
  let attempts = 0;

  async function refresh(node: number, cookie: string, body: object = {}, options: { attempt?: string; signal?: AbortSignal } = {}): Promise<Answer> {
    attempts += 1;
    const attempt = options.attempt ?? `attempt-${String(attempts).padStart(14, '0')}`;
    const response = await fetch(`http://127.0.0.1:${nodes[node]!.port}/auth/refresh`, {
      method: 'POST',
      headers: { 'X-Tabaton': '1', Origin: origin, Cookie: cookie, 'Idempotency-Key': attempt, 'Content-Type': 'application/json' },
      body: JSON.stringify({ reason: 'startup', ...body, ids: [attempt] }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown>, setCookies: response.headers.getSetCookie() };
  }

  return {
    nodes,
    provider,
    origin,
    refresh,
    async signIn(sub = 'ada') {
      const away = await fetch(`${origin}/auth/login`, { redirect: 'manual' });
      const back = await signInAt(away.headers.get('Location')!, sub);
      const transaction = away.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
      const home = await fetch(back, { redirect: 'manual', headers: { Cookie: transaction } });
      const session = home.headers.getSetCookie().find((line) => /HttpOnly; SameSite=Strict/.test(line));
      if (!session) throw new Error(`Nobody was signed in: ${home.status}.`);
      return session.split(';')[0]!;
    },
    async session(node, cookie) {
      const response = await fetch(`http://127.0.0.1:${nodes[node]!.port}/auth/session`, { headers: { Cookie: cookie } });
      return (await response.json()) as Record<string, unknown>;
    },
    tokenCalls: () => provider.requests.filter((line) => line === 'POST /token').length,
    async events() {
      const words = await Promise.all(nodes.filter(({ alive }) => alive).map((node) => node.tell({ do: 'events' })));
      return words.flatMap((word) => (word.is === 'events' ? word.events : []));
    },
    async ahead(ms) {
      await Promise.all(nodes.filter(({ alive }) => alive).map((node) => node.tell({ do: 'ahead', ms })));
    },
    async restart(node) {
      await nodes[node]!.kill();
      nodes[node] = await start(node);
    },
    async close() {
      await Promise.all(nodes.map((node) => node.kill()));
      await provider.close();
    },
  };
}
