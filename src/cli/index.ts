#!/usr/bin/env node
/** npx tabaton: see the usage in run.ts. */
import { readScript } from '../vite/script.js';
import { run } from './run.js';

const { status, lines } = await run(process.argv.slice(2), readScript);
for (const line of lines) (status ? console.error : console.log)(line);
process.exitCode = status;
