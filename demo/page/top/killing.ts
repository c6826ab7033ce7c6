import { part, rest } from '../part.js';
import { after } from '../clock.js';
import type { ServerLine } from './server.js';
import type { Stage } from './stage.js';
import type { Stopwatch } from './stopwatch.js';
import type { Trial } from './trial.js';

/** How long the held reply stays in sight before its tab is closed. */
const SIGHT_MS = 700;
/** How long the hole stays in sight before a new tab is opened in it. */
const HOLE_MS = 1_500;

/**
 * Kill the leader, mid-refresh:
 *
 *   six tabs ask for a newer token ─▶ the leader refreshes ─▶ the endpoint does its work, its reply is held back
 *   ─▶ the leader's iframe is removed, the stopwatch starts ─▶ a successor refreshes ─▶ five are green: it stops
 */
export class Killing {
  constructor(
    private readonly stage: Stage,
    private readonly server: ServerLine,
    private readonly watch: Stopwatch,
    private readonly newTrial: (stage: Stage) => Trial,
  ) {}

  async run(): Promise<void> {
    const trial = this.newTrial(this.stage);
    const button = part<HTMLButtonElement>('kill');
    const resume = rest([button]);
    try {
      await this.#strike(trial);
    } catch (error) {
      say(error instanceof Error ? error.message : 'It failed.');
    } finally {
      trial.end();
      await this.server.ask('release').catch(() => undefined);
      resume();
    }
  }

  async #strike(trial: Trial): Promise<void> {
    say('All six tabs ask for a new token.');
    await this.server.ask('hold');
    await trial.refreshAll();
    const held = await trial.line((line) => line.phase === 'held', 9_000);
    const victim = held && this.stage.numberOf(held.from);
    if (!held) return say('No refresh began, so there was nothing to kill. Try again after the next expiry.');
    if (victim === undefined) return say('The refresh ran in another tab of this browser. Close that one to kill it.');
    say(`The server holds its reply to tab ${victim}.`);
    await wait(SIGHT_MS);
    this.stage.kill(victim);
    this.watch.start();
    say(`Tab ${victim} was closed while the server held its reply.`);
    const green = await trial.green(20_000);
    const seconds = (this.watch.stop() / 1000).toFixed(2);
    say(
      green
        ? `Tab ${victim} is gone; the other five were green again after ${seconds} s. ${trial.requests()} requests, ${trial.thrownOut()} thrown out.`
        : `After ${seconds} s the other tabs are not all green.`,
    );
    await wait(HOLE_MS);
    this.stage.open(victim);
  }
}

const wait = (ms: number): Promise<void> => new Promise((done) => void after(ms, done));

function say(text: string): void {
  part('verdict').textContent = text;
}
