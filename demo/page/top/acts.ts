import type { Action, LogLine } from '../../contract.js';
import { SIZE } from '../messages.js';
import type { ServerLine } from './server.js';
import type { Stage } from './stage.js';
import type { Stopwatch } from './stopwatch.js';
import type { Trial } from './trial.js';

interface Parts {
  left: Stage;
  right: Stage;
  server: ServerLine;
  watch: Stopwatch;
  newTrial: (stage: Stage) => Trial;
  say: (text: string) => void;
  /** Processes behind the right stage; 0 where there is one. */
  nodes: number;
}

/** One action of the drawer. */
export interface Act {
  name: string;
  label: string;
  hint: string;
  run: () => Promise<void>;
}

const CALLS = 50;

const isRefresh = (line: LogLine): boolean => line.stage === 'together' && line.route === 'refresh';

export function actsOf({ left, right, server, watch, newTrial, say, nodes }: Parts): Act[] {
  /** Arms a fault, makes all six tabs ask for a token, and times them from the fault to green. */
  const struck = async (fault: Action, what: string): Promise<void> => {
    const trial = newTrial(right);
    await server.ask(fault);
    await trial.refreshAll();
    const lost = await trial.line((line) => line.phase === 'lost', 9_000);
    if (!lost) return say('No refresh began, so nothing was lost. Try again after the next expiry.');
    watch.start();
    say(what);
    const green = await trial.green(40_000);
    const seconds = (watch.stop() / 1000).toFixed(2);
    const requests = trial.requests();
    trial.end();
    say(green ? `All six were green again after ${seconds} s, with ${requests} requests.` : `Not all green after ${seconds} s.`);
  };

  /**
   * A token that was fetched because of a 401 is not replaced because of another: the API would be at fault, not the
   * token. So a second wave of 401s waits until the session has moved on.
   */
  const rested = async (): Promise<void> => {
    if (reason !== 'unauthorized') return;
    say('The present token is itself the answer to a 401: waiting for the next expiry.');
    const trial = newTrial(right);
    await trial.line((line) => isRefresh(line) && line.phase === 'answered' && line.status === 200 && reason !== 'unauthorized', 15_000);
    trial.end();
  };
  let reason: string | undefined;
  server.on('line', (line) => {
    if (isRefresh(line) && line.phase === 'arrived' && line.reason !== 'startup') reason = line.reason;
  });

  const killNode: Act = {
    name: 'kill-node',
    label: 'Kill a node',
    hint: 'The node that carries the next refresh out is killed before it replies. Another one answers for it.',
    run: () => struck('kill-node', 'The refresh was carried out, and the node that did it is dead.'),
  };

  return [
    {
      name: 'expire',
      label: 'Expire everywhere',
      hint: 'Both APIs refuse every token issued so far; all twelve tabs call at once.',
      run: async () => {
        await rested();
        const trial = newTrial(right);
        await server.ask('expire-all');
        left.tell({ kind: 'call', run: 0, times: 1 });
        trial.callAll();
        const green = await trial.green(20_000);
        const requests = trial.requests();
        trial.end();
        say(green ? `Right: six green with ${requests} ${requests === 1 ? 'request' : 'requests'}.` : 'Right: not all green after 20 s.');
      },
    },
    {
      name: 'burst',
      label: '50 API calls at once',
      hint: 'With refused tokens: 50 times 401, and still one refresh.',
      run: async () => {
        await rested();
        const trial = newTrial(right);
        await server.ask('expire');
        for (let number = 1; number <= SIZE; number += 1) trial.call(Math.floor((CALLS + number - 1) / SIZE), number);
        const { ok, failed } = await trial.calls(SIZE, 30_000);
        const requests = trial.requests();
        trial.end();
        say(`${ok} of ${ok + failed} calls were answered, with ${requests} refresh ${requests === 1 ? 'request' : 'requests'}.`);
      },
    },
    {
      name: 'hang',
      label: 'Hang',
      hint: 'The next refresh is never answered. Takes about 12 seconds.',
      run: () => struck('hang', 'The server has taken the refresh and says nothing.'),
    },
    {
      name: 'lose',
      label: 'Lose the next reply',
      hint: 'The server carries the refresh out, then the connection dies.',
      run: () => struck('lose', 'The refresh was carried out and its reply is lost.'),
    },
    ...(nodes > 1 ? [killNode] : []),
  ];
}
