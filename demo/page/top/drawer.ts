import { calm, make, part, rest } from '../part.js';
import type { Act } from './acts.js';
import type { Entry } from './entry.js';
import type { ServerLine } from './server.js';
import type { Stage } from './stage.js';

/** Builds the drawer: the acts that run and end, and the three that are switches or doors. */
export function fillDrawer(acts: Act[], right: Stage, server: ServerLine, entry: Entry): void {
  const list = part('acts');
  const buttons: HTMLButtonElement[] = [];
  for (const act of acts) {
    const button = row(list, act.name, act.label, act.hint);
    buttons.push(button);
    button.addEventListener('click', () => {
      const resume = rest(buttons);
      say(`${act.label} …`);
      act
        .run()
        .catch((error: unknown) => say(error instanceof Error ? error.message : 'It failed.'))
        .finally(resume);
    });
  }
  offlineSwitch(list, right, server);
  signOutSwitch(list, right, entry);
  const drawer = part<HTMLDetailsElement>('drawer');
  drawer.addEventListener('toggle', () => {
    if (drawer.open && narrow()) part('stage-together').scrollIntoView({ behavior: calm() ? 'auto' : 'smooth' });
  });
  const tab = make('a', { class: 'act', href: '/tab', target: '_blank', 'data-act': 'tab' }, 'Open a real tab');
  list.append(make('li', {}, tab, make('p', {}, 'It joins the right stage’s session and shows what it knows.')));
}

/** Where the stages stand one above the other, the open drawer would push the one it is about out of sight. */
const narrow = (): boolean => matchMedia('(max-width: 860px)').matches;

export function say(text: string): void {
  part('outcome').textContent = text;
}

function offlineSwitch(list: HTMLElement, right: Stage, server: ServerLine): void {
  const button = row(list, 'offline', 'Offline', 'The right stage’s connections all drop, until you plug it in again.');
  let cut = false;
  const show = (unplugged: boolean): void => {
    cut = unplugged;
    button.toggleAttribute('data-on', unplugged);
    button.textContent = unplugged ? 'Go online' : 'Offline';
    say(unplugged ? 'Offline: nobody is signed out; the tabs try again.' : 'Online again.');
    if (!unplugged) right.tell({ kind: 'online' });
  };
  button.addEventListener('click', () => void server.ask(cut ? 'plug' : 'unplug').catch((error: Error) => say(error.message)));
  server.on('plug', ({ unplugged }) => show(unplugged));
  server.on('hello', ({ unplugged }) => {
    if (unplugged) show(true);
  });
}

function signOutSwitch(list: HTMLElement, right: Stage, entry: Entry): void {
  const button = row(list, 'sign-out', 'Sign out everywhere', 'Ends and begins the session of every tab on the right and every real tab.');
  let signedIn = true;
  right.on(() => {
    const states = [...right.states().values()];
    signedIn = !states.every(({ face }) => face === 'out' || face === 'thrown' || face === 'starting');
    button.textContent = signedIn ? 'Sign out everywhere' : 'Sign in again';
  });
  button.addEventListener('click', () => {
    entry.want(!signedIn);
    if (signedIn) right.tell({ kind: 'sign-out' }, 1);
    say(signedIn ? 'Signed out: six tabs, one click.' : 'One tab signs in, the others hear of it.');
  });
}

function row(list: HTMLElement, name: string, label: string, hint: string): HTMLButtonElement {
  const button = make('button', { type: 'button', class: 'act', 'data-act': name, 'aria-describedby': `hint-${name}` }, label);
  list.append(make('li', {}, button, make('p', { id: `hint-${name}` }, hint)));
  return button;
}
