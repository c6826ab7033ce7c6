/** A plain top-level tab of the same session: what it shows is its own snapshot and its own events. */
import '../style/tab.css';
import ky from 'ky';
import { createSession, type EventName, type Snapshot } from '../../../src/index.js';
import { faceOf } from '../context/face.js';
import { signInAs } from '../context/login.js';
import { make, part } from '../part.js';

const session = createSession({ refreshAhead: 300, clockTolerance: 0 });
const api = ky.create({ fetch: session.fetch, retry: 0, timeout: false });

const EVENTS: EventName[] = ['started', 'token', 'refresh', 'degraded', 'stalled', 'rejected', 'ended', 'role', 'worker', 'overtake', 'problem'];
const WORDS = { starting: 'Opening', anonymous: 'Nobody is signed in', active: 'Signed in', ended: 'The session is over' };
const SHOWN = 60;

session.subscribe(show);
for (const name of EVENTS) session.on(name, (event) => note(name, event));
show();

part('call').addEventListener('click', () => attempt('GET /api/me', () => api.get('/api/me').json()));
part('plain').addEventListener('click', () => attempt('fetch(/api/me), no SDK in it', () => fetch('/api/me').then((answer) => answer.json())));
part('worker').addEventListener('click', () =>
  attempt('The service worker', () =>
    session.worker.state === 'active'
      ? session.worker.unregister().then(() => 'off: plain fetch() goes out bare again')
      : session.worker.register({ url: '/tabaton-sw.js', scope: '/tab', apis: [{ origin: location.origin, path: '/api' }] }),
  ),
);
session.on('worker', ({ state }) => {
  part('worker').textContent = `Service worker: ${state === 'none' ? 'off' : state}`;
  part('worker').toggleAttribute('data-on', state === 'active');
});
part('refresh').addEventListener('click', () => attempt('A refresh', () => session.refresh().then(() => 'a newer token')));
part('sign').addEventListener('click', () =>
  session.getSnapshot().status === 'active'
    ? attempt('Sign-out', () => session.signOut({ scope: 'all' }).then(() => 'every tab'))
    : attempt('Sign-in', () => signInAs(session).then(() => 'every tab')),
);

function show(): void {
  const snapshot = session.getSnapshot();
  const headline = part('headline');
  headline.dataset['face'] = faceOf(snapshot);
  headline.textContent = headlineOf(snapshot);
  part('sign').textContent = snapshot.status === 'active' ? 'Sign out everywhere' : 'Sign in again';
  part('snapshot').replaceChildren(
    ...Object.entries(snapshot).filter(([, value]) => value !== undefined).flatMap(([key, value]) => [
      make('dt', {}, key),
      make('dd', {}, inWords(key, value)),
    ]),
  );
}

/** A time of day, where it is one. */
function inWords(key: string, value: unknown): string {
  return key === 'expiresAt' || key === 'retryAt' ? new Date(Number(value)).toLocaleTimeString() : String(value);
}

function headlineOf({ status, reason, role, activity }: Snapshot): string {
  const what = reason ? `${WORDS[status]} (${reason})` : WORDS[status];
  return status === 'active' ? `${what}, ${role}${activity === 'idle' ? '' : `, ${activity}`}` : what;
}

function note(name: string, event: object): void {
  const { at, ...rest } = event as { at: number };
  const detail = Object.entries(rest).filter(([, value]) => value !== undefined).map(([key, value]) => `${key} ${inWords(key, value)}`);
  const list = part('events');
  list.prepend(make('li', {}, make('time', {}, new Date(at).toLocaleTimeString()), make('span', {}, [name, ...detail].join(' · '))));
  while (list.childElementCount > SHOWN) list.lastElementChild?.remove();
}

async function attempt(what: string, run: () => Promise<unknown>): Promise<void> {
  const outcome = part('outcome');
  try {
    outcome.textContent = `${what}: ${JSON.stringify(await run())}`;
  } catch (error) {
    outcome.textContent = `${what} failed: ${error instanceof Error ? error.message : 'no reason given'}`;
  }
}
