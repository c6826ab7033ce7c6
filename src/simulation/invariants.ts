/** S1 to S6 of the protocol, and what follows from the promises, looked at after every step. */
import { isNewer } from '../core/grant.js';
import type { State } from '../core/state.js';
import type { SessionTruth } from './backend.js';
import { ledgerKnows, type Call, type Tab } from './tab.js';
import { running, type World } from './world.js';

/** Anything a secret of one of the backends looks like: access tokens and cookie values. */
const SECRET = /\bat\.\w+\.\d|\brt\.\w+\.\d|token-s\d|\bs\d+\.\d|eyJ[\w-]{20,}\.eyJ/;
/** A caller's 30 s and one second for a ledger that does not answer; and the same again for a login that waits for both. */
const PATIENCE_MS = 33_000;
/** How long the news of a sign-out or a login may take to every running tab. */
export const NEWS_MS = 2_500;
/** The looks of a context at a ledger that does not answer, each of which may take a second. */
const LATE_STORE_MS = 25_000;

export class Violation extends Error {
  constructor(
    readonly invariant: string,
    message: string,
  ) {
    super(message);
  }
}

const fail = (invariant: string, message: string): never => {
  throw new Violation(invariant, message);
};

export const checkLeak = (where: string, value: unknown): void => {
  const text = JSON.stringify(value) ?? '';
  if (SECRET.test(text)) fail('S6', `${where} holds a secret: ${text.slice(0, 200)}`);
};

export const checkBudget = (world: World, key: string): void => {
  const { schedule, budget, origin } = world;
  // Where messages must not carry tokens each context asks for itself: there is nothing to share.
  const complaint = schedule.native ? budget.overdrawn(key, origin.serverNow()) : undefined;
  if (complaint) fail('S1', complaint);
};

/** The ledger lost something, or did not say it when it was asked. */
const forgetful = ({ amnesia, fired }: World): boolean => amnesia || fired.has('ledgerFails');

/** May this session be over, as far as anybody honest can tell? */
const mayBeOver = (world: World, sid: string | undefined): boolean => {
  const { backend, schedule, signedOut } = world;
  // Who has forgotten which attempts won cannot prove that it is no thief: a residual risk that the threat model names.
  const gone = ({ over }: SessionTruth): boolean => !!over && (over !== 'theft' || forgetful(world));
  if (sid !== undefined && signedOut.has(sid)) return true;
  if (world.signOutAsked || (schedule.level !== 'full' && world.unsafe !== undefined)) return true;
  return schedule.level === 'plain' ? backend.sessions().some(gone) : backend.sessions().some((one) => gone(one) && (sid === undefined || one.id === sid));
};

/** The server must never take an honest browser for a thief. */
export const checkThefts = (world: World): void => {
  const excused = world.schedule.level === 'full' ? forgetful(world) : world.unsafe !== undefined;
  const victim = excused ? undefined : world.backend.sessions().find(({ over }) => over === 'theft');
  if (victim) fail('S3', `the server took the browser for a thief and ended ${victim.id}`);
};

const checkGrants = (world: World, tab: Tab, state: State, sids: Map<string, string>): void => {
  for (const [key, grant] of Object.entries(state.grants)) {
    const best = tab.newest.get(key);
    if (best === grant) continue;
    const token = world.backend.tokenOf(grant.token);
    if (!token) return fail('S2', `${tab.context.name} holds a token that nobody minted`);
    if (best && !isNewer(grant, best)) fail('S2', `${tab.context.name} went back from ${best.sid}#${best.generation} to ${grant.sid}#${grant.generation}`);
    const before = best && world.backend.tokenOf(best.token);
    // A lesser backend numbers nothing: without its ledger the browser cannot tell late from new.
    const blind = world.schedule.level === 'plain' && world.amnesia;
    if (!blind && before?.session === token.session && token.order <= before.order)
      fail('S2', `${tab.context.name} took the server's token ${token.order} after ${before.order}`);
    // Accounts never mix: a session id means one session of the server for ever, and where the server names none, one user.
    const owner = world.schedule.level === 'plain' ? token.sub : token.session;
    const known = sids.get(grant.sid) ?? owner;
    if (known !== owner) fail('P3', `${tab.context.name} took a token of ${owner} for its session ${grant.sid}, which is ${known}'s`);
    sids.set(grant.sid, owner);
    tab.newest.set(key, grant);
    if (!world.announced.has(token.session)) world.announced.set(token.session, world.origin.now());
  }
};

/** A document that opens beside a session which the ledger knows may need time to read that, but never takes its user for a visitor. */
const checkVisitor = (world: World, tab: Tab, before: State, state: State): void => {
  if (state.status !== 'anonymous' || before.status !== 'starting' || tab.kind === 'foreign') return;
  if (!tab.known || !ledgerKnows(world.origin) || world.signOutAsked || (world.schedule.level !== 'full' && world.unsafe !== undefined)) return;
  const live = world.live();
  if (live && (world.announced.get(live.id) ?? Infinity) + NEWS_MS < tab.bornAt) fail('S3', `${tab.context.name} says anonymous, and ${live.id} is signed in`);
};

const checkStatus = (world: World, tab: Tab, before: State, state: State): void => {
  if (state.status === before.status) return;
  const over = state.status === 'ended' || (state.status === 'anonymous' && before.status === 'active');
  if (over && tab.kind !== 'foreign' && !mayBeOver(world, state.sid))
    fail('S3', `${tab.context.name} says ${state.status} (${state.reason ?? ''}) of ${state.sid}, which nobody ended`);
  checkVisitor(world, tab, before, state);
  if (state.status === 'ended' && state.reason === 'signed_out' && state.sid !== undefined && world.signOutAsked && !world.signedOut.has(state.sid))
    world.signedOut.set(state.sid, { at: world.origin.now(), by: tab });
};

const checkCall = (world: World, tab: Tab, call: Call): void => {
  const now = world.origin.now();
  if (call.end || !running(tab)) return;
  const waited = now - Math.max(call.since, tab.runningSince);
  if (waited > PATIENCE_MS) fail('S4', `${call.what} of ${tab.context.name} has been waiting for ${Math.round(waited)} ms`);
};

const checkSignedOut = (world: World, tab: Tab): void => {
  if (tab.missedNews || !running(tab)) return;
  const { core } = tab;
  const out = core.state.sid === undefined ? undefined : world.signedOut.get(core.state.sid);
  if (!out) return;
  const { at, by } = out;
  // It stood still when it was said, and when it looked, the ledger had forgotten. A new document is told by those who hear it.
  if (world.amnesia && tab.bornAt <= at && tab.runningSince > at) return;
  // The ledger has forgotten it, or never took it: who could say it again is gone, or has just come back.
  if (forgetful(world) && !running(by)) return;
  // A store that fails takes the sign-out later, one that was lost gets it again with the next logout: until then it is looked up.
  // And who stood still may come back with a token that a newer document takes: it hears of it from those who know.
  const since = Math.max(at, tab.runningSince, forgetful(world) ? Math.max(by.runningSince, tab.heldSince) : at);
  const told = world.origin.now() - since > NEWS_MS + (forgetful(world) ? LATE_STORE_MS : 0);
  if (told && core.state.status === 'active' && Object.keys(core.state.grants).some(core.valid))
    fail('S5', `${tab.context.name} still holds a token of ${core.state.sid}, which was signed out`);
};

const checkAnswers = (world: World, tab: Tab): void => {
  for (const call of tab.calls) {
    if (call.end !== 'answered' || typeof call.result !== 'string') continue;
    const token = world.backend.tokenOf(call.result);
    if (!token) fail('P', `${call.what} of ${tab.context.name} answered with no token of this server`);
    else if (!(world.timeTravel.jumped && world.timeTravel.slept) && world.origin.serverNow() >= token.at + token.lifetime)
      fail('P', `${call.what} of ${tab.context.name} answered with an expired token`);
  }
};

/** One look at everything. `sids` is the run's memory of which session id means which session. */
export const checkAll = (world: World, sids: Map<string, string>): void => {
  for (const tab of world.tabs) {
    if (tab.context.state === 'dead') continue;
    const { state } = tab.core;
    if (state !== tab.seen) {
      const before = tab.seen;
      tab.seen = state;
      if (state.grants !== before.grants) tab.heldSince = world.origin.now();
      checkGrants(world, tab, state, sids);
      checkStatus(world, tab, before, state);
      checkLeak('a snapshot', tab.core.snapshot);
    }
    if (tab.calls.length) {
      checkAnswers(world, tab);
      for (let i = tab.calls.length; i--; ) if (tab.calls[i]!.end) tab.calls.splice(i, 1);
      for (const call of tab.calls) checkCall(world, tab, call);
    }
    if (world.signedOut.size) checkSignedOut(world, tab);
  }
};
