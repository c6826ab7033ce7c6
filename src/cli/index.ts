#!/usr/bin/env node
/** npx tabaton: see the usage below. */
import { readScript } from '../vite/script.js';
import { check, init, type Outcome } from './copy.js';
import { doctor } from './doctor.js';

const USAGE = `npx tabaton init <folder>    copy the service worker's script into a public folder
npx tabaton check <folder>   exit 1 when the copy differs from the installed version
npx tabaton doctor <url>     ask a refresh endpoint what tabaton needs of it`;

/** What the command line asks for. */
export const run = async (args: readonly string[]): Promise<Outcome> => {
  const [command, folder] = args;
  if (folder && command === 'init') return init(folder, readScript());
  if (folder && command === 'check') return check(folder, readScript());
  if (folder && command === 'doctor') return doctor(folder);
  return { status: command === 'help' || command === '--help' ? 0 : 1, lines: [USAGE] };
};

const { status, lines } = await run(process.argv.slice(2));
for (const line of lines) (status ? console.error : console.log)(line);
process.exitCode = status;
