/** From the words of the command line to a command. */
import { check, init, type Outcome } from './copy.js';
import { doctor } from './doctor.js';

const USAGE = `npx tabaton init <folder>    copy the service worker's script into a public folder
npx tabaton check <folder>   exit 1 when the copy differs from the installed version
npx tabaton doctor <url>     ask a refresh endpoint what tabaton needs of it`;

/** What the command line asks for; `script` gives the worker's bytes. A word too many or a flag does nothing: it is no folder. */
export const run = async (args: readonly string[], script: () => string): Promise<Outcome> => {
  const [command, target, ...more] = args;
  if (command === 'help' || args.includes('--help') || args.includes('-h')) return { status: 0, lines: [USAGE] };
  const stray = args.find((arg) => arg.startsWith('-')) ?? more[0];
  if (stray !== undefined) return { status: 1, lines: [`tabaton does not know what to do with ${stray}.`, USAGE] };
  if (target && (command === 'init' || command === 'check'))
    try {
      return (command === 'init' ? init : check)(target, script());
    } catch (error) {
      // A file where a folder belongs, or one that may not be written.
      return { status: 1, lines: [`tabaton ${command} needs a folder, such as public, that it may read and write: ${(error as Error).message}`, USAGE] };
    }
  if (target && command === 'doctor') return doctor(target);
  return { status: 1, lines: [USAGE] };
};
