/** The worker's script as this installed version ships it, and who wrote a copy of it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Name of the copy in an application's public folder. */
export const SCRIPT_NAME = 'tabaton-sw.js';

/** The first line of every copy: whose file it is, and of which version. */
const SIGNATURE = /^\/\*! tabaton (\S+) service worker/;

/** The bytes of `tabaton/sw.js`. From any folder of `dist` it is one up. */
export const readScript = (): string => readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'sw.js'), 'utf8');

/** Version of a copy; `undefined` for a file that is none. */
export const versionOf = (code: string): string | undefined => SIGNATURE.exec(code)?.[1];
