/** The worker's script as this installed version ships it, and who wrote a copy of it. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Name of the copy in an application's public folder. */
export const SCRIPT_NAME = 'tabaton-sw.js';

/** The first line of every copy: whose file it is, of which version, and the digest of what follows, as scripts/build.mjs writes it. */
const SIGNATURE = /^\/\*! tabaton (\S+) service worker(?: ([0-9a-f]{16}):[^\n]*\n([^]*))?/;

/** The bytes of `tabaton/sw.js`. From any folder of `dist` it is one up. */
export const readScript = (): string => readFileSync(join(dirname(fileURLToPath(import.meta.url)), '..', 'sw.js'), 'utf8');

/** Git on Windows changes the line ends of what it checks out, and nothing else. */
export const withPlainLineEnds = (code: string): string => code.replaceAll('\r\n', '\n');

/** Whether a copy is what some release wrote, whichever: one with somebody's own lines in it is not ours to replace. */
export const isAsReleased = (code: string): boolean => {
  const [, , digest, rest] = SIGNATURE.exec(withPlainLineEnds(code)) ?? [];
  return rest !== undefined && digest === createHash('sha256').update(rest).digest('hex').slice(0, 16);
};

/** Version of a copy; `undefined` for a file that is none. */
export const versionOf = (code: string): string | undefined => SIGNATURE.exec(code)?.[1];
