/** A tab of the right stage: it shares one refresh with every other context of its origin. */
import '../style/context.css';
import ky from 'ky';
import { createSession, type Snapshot } from '../../../src/index.js';
import type { ContextState } from '../messages.js';
import { ExpiryAlarm } from './alarm.js';
import { faceOf } from './face.js';
import { openLink } from './link.js';
import { signInAs } from './login.js';
import { Tile } from './tile.js';

// With tokens of ten seconds the leader refreshes a blink ahead, so that one looks on while it happens.
const session = createSession({ refreshAhead: 300, clockTolerance: 0 });
const api = ky.create({ fetch: session.fetch, retry: 0, timeout: false });

const link = openLink((message) => {
  if (message.kind === 'call') void call(message.run, message.times);
  else if (message.kind === 'refresh') void session.refresh().catch(unheard);
  else if (message.kind === 'sign-in') void signInAs(session);
  else if (message.kind === 'sign-out') void session.signOut({ scope: 'all' });
  else if (message.kind === 'online') reconnected();
  else if (message.kind === 'pause') alarm.pause(message.paused);
});
const tile = new Tile(`Tab ${link.number}`);
const alarm = new ExpiryAlarm(() => {
  show();
  void call(0, 1);
});
let told = '';

session.subscribe(show);
session.on('token', ({ from }) => {
  tile.pulse();
  link.tell({ kind: 'token', from });
});
show();

function show(): void {
  const state = stateOf(session.getSnapshot());
  alarm.set(state.expiresAt);
  const said = JSON.stringify(state);
  if (said === told) return;
  told = said;
  tile.show(state);
  link.tell({ kind: 'state', state });
}

function stateOf(snapshot: Snapshot): ContextState {
  return {
    face: faceOf(snapshot),
    leader: snapshot.role === 'leader',
    generation: snapshot.generation,
    ...(snapshot.expiresAt === undefined ? {} : { expiresAt: snapshot.expiresAt }),
  };
}

/** A refresh that fails shows in the snapshot, and so on the tile. */
function unheard(): void {}

/** What the browser itself says when a cable is plugged in again, and the call that failed meanwhile. */
function reconnected(): void {
  dispatchEvent(new Event('online'));
  void call(0, 1);
}

async function call(run: number, times: number): Promise<void> {
  const results = await Promise.allSettled(Array.from({ length: times }, () => api.get('/api/me').json()));
  const ok = results.filter((result) => result.status === 'fulfilled').length;
  link.tell({ kind: 'called', run, ok, failed: times - ok });
}
