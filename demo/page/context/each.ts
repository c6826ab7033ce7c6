/** A tab of the left stage: it refreshes for itself. */
import '../style/context.css';
import type { ContextState } from '../messages.js';
import { ExpiryAlarm } from './alarm.js';
import { openLink } from './link.js';
import { Tile } from './tile.js';
import { UsualClient, type UsualGrant } from './usual.js';

const link = openLink((message) => {
  if (message.kind === 'call') void call(message.run, message.times);
  else if (message.kind === 'sign-in') void signIn(message.until);
  else if (message.kind === 'pause') alarm.pause(message.paused);
});
const tile = new Tile(`Tab ${link.number}`);
// One tab signs in and hands the token to its siblings, as applications do.
const siblings = new BroadcastChannel(`demo-${link.family}`);
siblings.onmessage = (event: MessageEvent<UsualGrant>) => client.adopt(event.data);

let state: ContextState = { face: 'out', leader: false, generation: 0 };
const client = new UsualClient((what) => {
  if (what === 'refreshing') show('refreshing');
  else if (what === 'signed-out') show('thrown');
  else {
    state = { ...state, generation: state.generation + 1 };
    if (what === 'refreshed') link.tell({ kind: 'token', from: 'endpoint' });
    show('green');
  }
});
const alarm = new ExpiryAlarm(() => void call(0, 1));
show('out');

function show(face: ContextState['face']): void {
  const { expiresAt } = client;
  alarm.set(expiresAt);
  state = { face, leader: false, generation: state.generation, ...(expiresAt === undefined ? {} : { expiresAt }) };
  tile.show(state);
  link.tell({ kind: 'state', state });
}

async function call(run: number, times: number): Promise<void> {
  const results = await Promise.allSettled(Array.from({ length: times }, () => client.get('/each/me')));
  const ok = results.filter((result) => result.status === 'fulfilled' && result.value.ok).length;
  link.tell({ kind: 'called', run, ok, failed: times - ok });
}

async function signIn(until?: number): Promise<void> {
  const response = await fetch('/each/login', { method: 'POST', body: JSON.stringify({ until }) });
  if (!response.ok) return;
  const grant = (await response.json()) as UsualGrant;
  client.adopt(grant);
  siblings.postMessage(grant);
}
