/** The worker's own session: a context like any other, made when the first request needs it. */
import { defaults } from '../core/defaults.js';
import { TabatonError } from '../core/errors.js';
import { createProtocol } from '../core/protocol.js';
import type { KeeperReport } from '../core/ports.js';
import { promptly } from '../core/promptly.js';
import { createCoreSession } from '../core/session.js';
import { toHeld } from '../core/wire-grant.js';
import { createChannel } from '../browser/channel.js';
import { createLedger } from '../browser/ledger.js';
import { hintCookieName } from '../contract/wire.js';
import type { WorkerApi } from '../contract/worker.js';
import { createSigner } from '../clients/fetch.js';
import { parseRecord } from '../core/record.js';
import { createDoubt, type Effect } from './doubt.js';
import { evidenceOf, type Evidence } from './evidence.js';
import { createWorkerPorts } from './ports.js';
import { refusalOf } from './refusal.js';
import { defined, type Plan } from './plan.js';
import type { WorkerScope } from './scope.js';

export interface Peer {
  /** With a token for the API it is for, if anybody is signed in. `again`: where the session it waits in is replaced, however often, or ends, which is believed the second time (`last`). */
  fetch(request: Request, api: WorkerApi, again: (last: boolean) => Promise<Response>, last: boolean): Promise<Response>;
  /** How the session stands, restored if there is one; `start`: a login has just happened. Never a token. */
  report(start: boolean): Promise<KeeperReport>;
  /** Something was asked of the endpoint by somebody else: who is signed in may be nobody or another one soon. Resolves when that is written down. */
  doubt(effect: Effect): Promise<unknown>;
  /** Something is under way, or about to be, that an answer does not wait for: a token refreshed ahead, or after a 401. */
  busy(api: WorkerApi): boolean;
  /** Nothing is under way any more; until then the browser must not stop this worker. */
  idle(): Promise<void>;
  close(): void;
}

/** What the worker is told about the endpoint and the APIs. */
export interface PeerOptions {
  /** Whether a response of an API means "token rejected". Default: status 401. */
  isUnauthorized?: (response: Response) => boolean | Promise<boolean>;
}

const unless =
  (...codes: string[]) =>
  (error: TabatonError) => {
    if (!codes.includes(error.code)) throw error;
  };

export const createPeer = (plan: Plan, scope: WorkerScope, { isUnauthorized }: PeerOptions): Peer => {
  const { config, routes } = plan;
  const { ports, name } = createWorkerPorts(plan);
  const marker = hintCookieName(routes.name);

  /**
   * `lazy`: a start of the worker asks nothing of anybody; the first request that needs a token does. Each has a channel of its
   * own, because the one before closes its own only when what it has under way is told:
   *
   *   old   disposed ─────────── landed ─ closes
   *   new      └ opens ─ hears and speaks ·········
   */
  const open = () => {
    const { session, context, verify } = createCoreSession({ ...ports, channel: createChannel('tabaton/' + name) }, { ...defaults, ...defined(config), start: 'lazy', leadership: 'never' }, name, {
      protocol: async () => ({ createProtocol }),
      // Never asked for: see `leadership` above.
      leadership: () => new Promise(() => {}),
    });
    const sign = createSigner(session, {
      isUnauthorized,
      replayLimit: config.replayLimit,
      fetch: (signed) => fetch(signed),
      rejected: (event) => context.emit('rejected', event),
    });
    return { session, context, verify, sign };
  };
  let { session, context, verify, sign } = open();
  /** May the last answer about who is signed in be out of date? */
  let doubtful = true;
  /** An answer that nobody is signed in is an answer. */
  const doubt = createDoubt(
    ports.clock,
    createLedger(`${name} doubt`),
    async () => {
      const { sid } = session.getSnapshot();
      return parseRecord(await promptly(ports.clock, ports.ledger.read()))?.sid ?? sid;
    },
    () => session.getSnapshot().sid,
    () => verify().catch(unless('anonymous', 'session_ended')),
  );

  const anew = () => {
    session.dispose();
    ({ session, context, verify, sign } = open());
  };
  /** Where cookies cannot be read, a doubt is worth one question to the endpoint. */
  const readMarker = async () => (scope.cookieStore ? !!(await scope.cookieStore.get(marker)) : true);
  const look = async (): Promise<Evidence> => {
    const { status } = session.getSnapshot();
    const reading = ports.ledger.read().then((stored) => ({ stored }));
    const [answer, marked] = await Promise.all([promptly(ports.clock, reading), doubtful && routes.hinted ? readMarker().catch(() => undefined) : undefined, doubt.recalled]);
    // Where the ledger does not answer, the endpoint is asked; once, not for every request.
    if (!answer && !doubtful && status !== 'starting') return status === 'ended' ? status : 'nobody';
    const evidence = evidenceOf(answer, marked);
    if (evidence === 'session') doubtful = false;
    // What the ledger says of a sign-out is so; of a login it may not know yet.
    return doubt.due() === 'user' ? 'session' : evidence;
  };

  /** Before anything is signed: who is it signed for? */
  const enter = async (): Promise<Evidence> => {
    if (session.getSnapshot().status !== 'active') {
      const evidence = await look();
      if (evidence !== 'session') return evidence;
      const { status } = session.getSnapshot();
      if (status === 'anonymous' || status === 'ended') anew();
    }
    await doubt.recalled;
    if (!doubt.due()) return 'session';
    await doubt.ask();
    return enter();
  };

  const idle = () =>
    new Promise<void>((resolve) => {
      // Of the session that is here now: one that is replaced tells its watchers, and no subscriber, what becomes of it.
      const mine = context;
      const check = () => {
        if (mine.state.activity !== 'idle') return;
        stop();
        resolve();
      };
      const stop = mine.watch(check);
      // What was started in the background shows itself in the next turn only.
      ports.clock.after(0, check);
    });

  return {
    async fetch(request, api, again, last) {
      try {
        // A token that is here, and nobody doubts, is not waited for.
        if (doubt.due() || session.getSnapshot().status !== 'active') {
          const evidence = await enter();
          if (evidence === 'nobody') return fetch(request);
          if (evidence === 'ended') throw new TabatonError('session_ended', 'The session has ended: sign in again.');
        }
        // Waited for while the body is untouched: see `again`. A page that gives up has its answer from the browser.
        const { scope, resource } = api;
        await session.getToken({ scope, resource }).catch(unless('anonymous'));
        return await sign(request, undefined, api);
      } catch (error) {
        const ended = (error as TabatonError).code === 'session_ended';
        if (!request.bodyUsed && (ended ? !last : (error as TabatonError).code === 'disposed')) return again(last || ended);
        // A navigation is the user's: the server tells them what is wrong better than a worker can.
        if (request.mode === 'navigate') return fetch(request);
        return refusalOf(error, request, ports.clock.wall());
      }
    },
    async report(start) {
      if (start) await session.start();
      else if (doubt.due() || session.getSnapshot().status !== 'active') {
        const evidence = await enter();
        if (evidence === 'session') await session.getToken().catch(() => {});
        else if (session.getSnapshot().status === 'starting') return { status: evidence === 'ended' ? 'ended' : 'anonymous' };
      }
      const { status, reason } = session.getSnapshot();
      const grant = context.state.grants['|'];
      return { status, reason, held: status === 'active' && grant ? toHeld(grant, ports.clock) : undefined };
    },
    doubt(effect) {
      doubtful = true;
      const raised = doubt.raise(effect);
      if (effect === 'leaving') anew();
      return raised;
    },
    busy: (api) => session.isExpiring(api) || session.getSnapshot().activity !== 'idle',
    idle,
    close: () => session.dispose(),
  };
};
