/**
 * What several nodes, one store and one real provider go through. Each scenario signs in a user of its own, counts,
 * and says in words what went wrong; nothing wrong is an empty list.
 */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RedisServer } from '../testing/redis-server.js';
import type { Answer, Cluster } from './cluster.js';

export interface Finding {
  counts: Record<string, number>;
  wrong: string[];
}

export interface Scenario {
  name: string;
  /** Scenarios about Redis itself are run with a Redis only. */
  needs?: 'redis';
  run(cluster: Cluster, redis: RedisServer | null): Promise<Finding>;
}

const PER_NODE = 10;

/** Collects what is wrong in words. */
function judge(counts: Record<string, number>) {
  const wrong: string[] = [];
  return {
    counts,
    wrong,
    expect(what: string, got: unknown, wanted: unknown) {
      if (JSON.stringify(got) !== JSON.stringify(wanted)) wrong.push(`${what}: ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`);
    },
  };
}

/** Ten requests on every living node at once. */
function storm(cluster: Cluster, cookie: string, body: object = {}): Promise<Answer[]> {
  const requests = cluster.nodes.flatMap(({ alive }, node) => (alive ? Array.from({ length: PER_NODE }, () => cluster.refresh(node, cookie, body)) : []));
  return Promise.all(requests);
}

/** Repeats what the answer asks to repeat, as the browser half does. */
async function persist(cluster: Cluster, node: number, cookie: string, body: object = {}, tries = 20): Promise<Answer> {
  const attempt = `persist-${Math.trunc(performance.now() * 1_000)}-${node}`.padEnd(24, '0');
  for (let left = tries; ; left -= 1) {
    const answer = await cluster.refresh(node, cookie, body, { attempt });
    const retryable = (answer.status === 503 || answer.status === 504) && answer.body['session'] === 'intact';
    if (!retryable || left === 0) return answer;
    await sleep(100);
  }
}

const statuses = (answers: readonly Answer[]): Record<string, number> => {
  const counted: Record<string, number> = {};
  for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1;
  return counted;
};
const tokens = (answers: readonly Answer[]) => new Set(answers.map(({ body }) => body['access_token'])).size;
const active = async (cluster: Cluster, node: number, cookie: string) => (await cluster.session(node, cookie))['active'];

async function counted(cluster: Cluster, work: () => Promise<void>): Promise<{ upstream: number; revoked: number }> {
  const [calls, revoked] = [cluster.tokenCalls(), revocations(cluster)];
  await work();
  return { upstream: cluster.tokenCalls() - calls, revoked: revocations(cluster) - revoked };
}
/** The provider revokes a grant when a refresh token comes twice. */
const revocations = ({ provider }: Cluster) => provider.events.filter((name) => name === 'grant.revoked').length;

/** Puts something in front of the provider's token endpoint. */
function atToken(cluster: Cluster, handle: (response: ServerResponse, pass: () => void) => void): void {
  cluster.provider.intercept((request, response, pass) => (request.url === '/token' ? handle(response, pass) : pass()));
}

/** A call that has reached the provider and waits there. */
function held(cluster: Cluster): { arrived: Promise<void>; release(): void } {
  let release: () => void = () => {};
  const open = new Promise<void>((resolve) => (release = resolve));
  const arrived = new Promise<void>((resolve) => {
    atToken(cluster, (response, pass) => {
      resolve();
      // Whoever has died or left does not get an answer, and the provider has not spent anything for it.
      void open.then(() => response.destroyed || pass());
    });
  });
  return { arrived, release };
}

const forty: Scenario = {
  name: '10 requests on each of 4 nodes are 1 refresh',
  async run(cluster) {
    const cookie = await cluster.signIn('forty');
    let answers: Answer[] = [];
    const { upstream, revoked } = await counted(cluster, async () => {
      answers = await storm(cluster, cookie, { scope: 'read' });
    });
    const found = judge({ requests: answers.length, upstream, tokens: tokens(answers), revoked });
    found.expect('answers', statuses(answers), { 200: answers.length });
    found.expect('upstream refreshes', upstream, 1);
    found.expect('different tokens', tokens(answers), 1);
    found.expect('grants revoked by the provider', revoked, 0);
    found.expect('session alive on the last node', await active(cluster, cluster.nodes.length - 1, cookie), true);
    return found;
  },
};

const slow: Scenario = {
  name: 'a provider three times slower than the lease: still 1 refresh',
  async run(cluster) {
    const cookie = await cluster.signIn('slow');
    atToken(cluster, (_, pass) => void setTimeout(pass, 1_800));
    let answers: Answer[] = [];
    const { upstream, revoked } = await counted(cluster, async () => {
      // Whoever waits for the lock for too long is told to come back, and does.
      const requests = cluster.nodes.flatMap((_, node) => Array.from({ length: PER_NODE }, () => persist(cluster, node, cookie, { scope: 'read' })));
      answers = await Promise.all(requests);
    });
    cluster.provider.intercept(null);
    const found = judge({ requests: answers.length, upstream, revoked });
    found.expect('answers', statuses(answers), { 200: answers.length });
    found.expect('upstream refreshes', upstream, 1);
    found.expect('grants revoked by the provider', revoked, 0);
    found.expect('session alive', await active(cluster, 0, cookie), true);
    return found;
  },
};

const killed: Scenario = {
  name: 'SIGKILL of the node that holds the lock: another takes over',
  async run(cluster) {
    const cookie = await cluster.signIn('killed');
    const call = held(cluster);
    const last = cluster.nodes.length - 1;
    const lost = cluster.refresh(last, cookie, { scope: 'read' }).catch(() => undefined);
    await call.arrived;
    await cluster.nodes[last]!.kill();
    await lost;
    cluster.provider.intercept(null);
    call.release();
    let answers: Answer[] = [];
    const { upstream, revoked } = await counted(cluster, async () => {
      answers = await Promise.all([0, 1].flatMap((node) => Array.from({ length: PER_NODE }, () => persist(cluster, node, cookie, { scope: 'read' }))));
    });
    const resumed = (await cluster.events()).filter((event) => event.type === 'upstream' && event.result === 'resumed').length;
    await cluster.restart(last);
    const found = judge({ requests: answers.length, upstream, resumed, revoked });
    found.expect('answers', statuses(answers), { 200: answers.length });
    found.expect('upstream refreshes of those who lived', upstream, 1);
    found.expect('intents of the dead node seen', resumed, 1);
    found.expect('grants revoked by the provider', revoked, 0);
    found.expect('session alive on the node that came back', await active(cluster, last, cookie), true);
    return found;
  },
};

const gone: Scenario = {
  name: 'the browser leaves in mid-call: what was spent is kept',
  async run(cluster) {
    const cookie = await cluster.signIn('gone');
    const call = held(cluster);
    const leaving = new AbortController();
    let answer: Answer | undefined;
    const { upstream, revoked } = await counted(cluster, async () => {
      const lost = cluster.refresh(0, cookie, { scope: 'read' }, { signal: leaving.signal }).catch(() => undefined);
      await call.arrived;
      leaving.abort();
      await lost;
      call.release();
      answer = await persist(cluster, 1, cookie, { scope: 'read' });
    });
    cluster.provider.intercept(null);
    const found = judge({ upstream, revoked });
    found.expect('the next request', answer!.status, 200);
    found.expect('upstream refreshes', upstream, 1);
    found.expect('grants revoked by the provider', revoked, 0);
    return found;
  },
};

const JSON_TYPE = { 'Content-Type': 'application/json' };
const failures: [name: string, status: number, answer: (response: ServerResponse) => void][] = [
  ['500', 503, (response) => response.writeHead(500).end('<h1>oops</h1>')],
  ['429', 503, (response) => response.writeHead(429, { 'Retry-After': '1' }).end()],
  ['garbage', 502, (response) => response.writeHead(200, JSON_TYPE).end('{"access')],
  ['invalid_client', 502, (response) => response.writeHead(401, JSON_TYPE).end('{"error":"invalid_client"}')],
];

const failing: Scenario[] = failures.map(([name, status, answer]) => ({
  name: `the provider answers ${name}: nobody is signed out, nothing is spent`,
  async run(cluster) {
    const cookie = await cluster.signIn(`failing-${name}`);
    atToken(cluster, answer);
    const during = await storm(cluster, cookie, { scope: 'read' });
    cluster.provider.intercept(null);
    let after: Answer[] = [];
    const { upstream, revoked } = await counted(cluster, async () => {
      after = await storm(cluster, cookie, { scope: 'read' });
    });
    const ended = [...during, ...after].filter(({ body }) => body['session'] === 'ended' || body['session'] === 'none').length;
    const found = judge({ requests: during.length + after.length, 'signed out': ended, upstream, revoked });
    // A storm of forty on a broken provider: those that wait for the lock too long are told to come back.
    const odd = during.filter((one) => one.status !== status && one.status !== 503).length;
    found.expect('odd answers', odd, 0);
    found.expect('signed out', ended, 0);
    found.expect('answers afterwards', statuses(after), { 200: after.length });
    found.expect('upstream refreshes afterwards', upstream, 1);
    found.expect('grants revoked by the provider', revoked, 0);
    return found;
  },
}));

const ended: Scenario = {
  name: 'the provider answers invalid_grant: one call, and every node says the same',
  async run(cluster) {
    const cookie = await cluster.signIn('ended');
    atToken(cluster, (response) => response.writeHead(400, JSON_TYPE).end('{"error":"invalid_grant"}'));
    let answers: Answer[] = [];
    const { upstream } = await counted(cluster, async () => {
      answers = await storm(cluster, cookie, { scope: 'read' });
    });
    cluster.provider.intercept(null);
    const reasons = [...new Set(answers.map(({ body }) => body['reason']))];
    const found = judge({ requests: answers.length, upstream });
    found.expect('reasons', reasons, ['upstream_invalid_grant']);
    found.expect('upstream refreshes', upstream, 1);
    found.expect('session over on every node', await Promise.all(cluster.nodes.map((_, node) => active(cluster, node, cookie))), cluster.nodes.map(() => false));
    return found;
  },
};

/** Every node has given out the session's token once. */
async function warm(cluster: Cluster, cookie: string): Promise<void> {
  await Promise.all(cluster.nodes.map((_, node) => persist(cluster, node, cookie)));
}
const notSignedOut = (answers: readonly Answer[]) => answers.filter(({ body }) => body['session'] === 'ended' || body['session'] === 'none').length;

const paused: Scenario = {
  name: 'Redis hangs, then goes on: retryable answers at worst',
  needs: 'redis',
  async run(cluster, redis) {
    const cookie = await cluster.signIn('paused');
    await warm(cluster, cookie);
    redis!.pause();
    const cached = await storm(cluster, cookie);
    const fresh = await storm(cluster, cookie, { scope: 'read' });
    redis!.resume();
    let after: Answer[] = [];
    const { upstream, revoked } = await counted(cluster, async () => {
      after = await Promise.all(cluster.nodes.map((_, node) => persist(cluster, node, cookie, { scope: 'read' })));
    });
    const found = judge({ requests: cached.length + fresh.length + after.length, upstream, revoked });
    found.expect('answers from memory', statuses(cached), { 200: cached.length });
    found.expect('answers without a token in memory', statuses(fresh), { 503: fresh.length });
    found.expect('signed out', notSignedOut([...cached, ...fresh, ...after]), 0);
    found.expect('answers afterwards', statuses(after), { 200: after.length });
    found.expect('upstream refreshes', upstream, 1);
    found.expect('grants revoked by the provider', revoked, 0);
    return found;
  },
};

const minute: Scenario = {
  name: 'Redis is down for 60 s while tokens have 60 s left: 0 failed calls',
  needs: 'redis',
  async run(cluster, redis) {
    const cookie = await cluster.signIn('minute');
    await warm(cluster, cookie);
    const [{ body }] = [await cluster.refresh(0, cookie)];
    const left = Math.floor(body['expires_in'] as number);
    await redis!.snapshot();
    await redis!.stop();
    const answers: Answer[] = [];
    const started = performance.now();
    const moments = [0, 10, 20, 30, 40, 50, left - 5];
    // The processes' clocks are moved; their timers, and Redis's absence, are real.
    for (const second of moments) {
      await cluster.ahead(Math.max(0, second * 1_000 - (performance.now() - started)));
      answers.push(...(await storm(cluster, cookie)));
    }
    await redis!.rollBack();
    await cluster.ahead(0);
    const after = await Promise.all(cluster.nodes.map((_, node) => persist(cluster, node, cookie)));
    const found = judge({ 'seconds down': left - 5, requests: answers.length, failed: answers.filter(({ status }) => status !== 200).length });
    found.expect('seconds of life at the start at least', left >= 50, true);
    found.expect('answers', statuses(answers), { 200: answers.length });
    found.expect('answers afterwards', statuses(after), { 200: after.length });
    return found;
  },
};

const rolledBack: Scenario = {
  name: 'Redis comes back with an older snapshot: the newer cookie heals it',
  needs: 'redis',
  async run(cluster, redis) {
    let cookie = await cluster.signIn('rolled-back');
    await sleep(8_100);
    await redis!.snapshot();
    const rotated = await persist(cluster, 0, cookie, { reason: 'settle' });
    const line = rotated.setCookies.find((one) => /HttpOnly; SameSite=Strict/.test(one));
    const older = cookie;
    cookie = line?.split(';')[0] ?? cookie;
    await redis!.rollBack();
    const answers = await Promise.all(cluster.nodes.map((_, node) => persist(cluster, node, cookie)));
    const late = await persist(cluster, 1, older);
    let fresh: Answer | undefined;
    const { upstream, revoked } = await counted(cluster, async () => {
      fresh = await persist(cluster, 2, cookie, { scope: 'read' });
    });
    const found = judge({ requests: answers.length + 2, upstream, revoked });
    found.expect('the rotation before', rotated.body['outcome'], 'rotated');
    found.expect('answers with the newer cookie', statuses(answers), { 200: answers.length });
    found.expect('a late copy of the older cookie', late.body['session'] ?? late.status, 200);
    found.expect('a new token', fresh!.status, 200);
    found.expect('upstream refreshes', upstream, 1);
    found.expect('grants revoked by the provider', revoked, 0);
    return found;
  },
};

const restarts = { back: 'Redis is stopped in mid-call and restarted: no false logout, no double redemption', down: 'the provider answers while Redis is down: what it gave is kept until Redis is back' };
const restarted = Object.values(restarts).map((name): Scenario => ({
  name,
  needs: 'redis',
  async run(cluster, redis) {
    const cookie = await cluster.signIn(name);
    const call = held(cluster);
    let [during, after]: [Answer[], Answer[]] = [[], []];
    const { upstream, revoked } = await counted(cluster, async () => {
      const flight = cluster.refresh(0, cookie, { scope: 'read' });
      await call.arrived;
      await redis!.snapshot();
      await redis!.stop();
      if (name === restarts.down) call.release();
      during = await Promise.all([1, 2].map((node) => cluster.refresh(node, cookie, { scope: 'read' })));
      // Longer than a command may take: a commit has failed by then.
      if (name === restarts.down) await sleep(1_500);
      await redis!.rollBack();
      cluster.provider.intercept(null);
      call.release();
      during.push(await flight);
      after = await Promise.all(cluster.nodes.map((_, node) => persist(cluster, node, cookie, { scope: 'read' })));
    });
    const found = judge({ requests: during.length + after.length, upstream, revoked });
    found.expect('signed out', notSignedOut([...during, ...after]), 0);
    found.expect('answers afterwards', statuses(after), { 200: after.length });
    found.expect('grants revoked by the provider', revoked, 0);
    return found;
  },
}));

export const scenarios: readonly Scenario[] = [forty, slow, killed, gone, ...failing, ended, paused, ...restarted, rolledBack, minute];
