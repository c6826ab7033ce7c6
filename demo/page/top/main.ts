/** The page: two stages, the ring, the counters and the faults. Everything it shows was said by a tab or by the server. */
import '../style/page.css';
import type { Hello } from '../../contract.js';
import { part } from '../part.js';
import { actsOf } from './acts.js';
import { Beams } from './beams.js';
import { introduceNodes, showAtDoor } from './door.js';
import { fillDrawer, say } from './drawer.js';
import { Entry } from './entry.js';
import { Killing } from './killing.js';
import { Logbook } from './logbook.js';
import { Loop } from './loop.js';
import { Ring } from './ring.js';
import { Scoreboard } from './scoreboard.js';
import { ServerLine } from './server.js';
import { Stage } from './stage.js';
import { Stopwatch } from './stopwatch.js';
import { Trial } from './trial.js';

const server = new ServerLine();
let boot: string | undefined;
server.on('hello', (hello) => {
  if (boot === undefined) open(hello);
  // The server was started anew: its sessions and this page's stages are of two worlds.
  else if (boot !== hello.boot) location.reload();
  boot = hello.boot;
});
server.onConnection((connected) => {
  document.body.toggleAttribute('data-cut-off', !connected);
  part('gone').textContent = connected ? '' : 'The server is gone; start it again and this page follows.';
});

function open(hello: Hello): void {
  const page = crypto.randomUUID().slice(0, 4);
  const left = new Stage('each', hello.eachOrigin, page, part('grid-each'));
  const right = new Stage('together', location.origin, page, part('grid-together'));
  const theatre = part('theatre');
  const beams = [new Beams(left, theatre), new Beams(right, theatre)];
  const scores = new Scoreboard();
  const logbook = new Logbook(hello.recent);
  const ring = new Ring(hello.lifetime);
  const watch = new Stopwatch();
  const entry = new Entry(right);
  const loop = new Loop(left, right);
  let runs = 0;
  const newTrial = (stage: Stage): Trial => new Trial(stage, server, ++runs);
  const killing = new Killing(right, server, watch, newTrial);

  introduceNodes(hello.nodes);
  for (const tally of hello.tallies) scores.show(tally);
  server.on('tally', (tally) => scores.show(tally));
  server.on('line', (line) => {
    logbook.add(line);
    showAtDoor(line);
    for (const beam of beams) beam.line(line);
  });

  const turn = (): void => {
    const expiry = loop.expiry();
    ring.set(expiry.at, expiry.words === 'every tab wants a new token' ? '0' : '–');
    part('ring-caption').textContent = expiry.words;
  };
  left.on(turn);
  right.on(turn);

  part('kill').addEventListener('click', () => void killing.run());
  fillDrawer(actsOf({ left, right, server, watch, newTrial, say, nodes: hello.nodes }), right, server, entry);

  const pause = part('pause');
  pause.addEventListener('click', () => {
    const paused = pause.getAttribute('aria-pressed') !== 'true';
    pause.setAttribute('aria-pressed', String(paused));
    loop.pause(paused);
    turn();
    for (const stage of [left, right]) stage.tell({ kind: 'pause', paused });
  });
}
