/** The copy of the worker's script in an application's public folder: written, and compared with what is installed. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAsReleased, SCRIPT_NAME, versionOf, withPlainLineEnds } from '../vite/script.js';

/** What a command says, and the exit status it ends with. */
export interface Outcome {
  status: 0 | 1;
  lines: string[];
}

const at = (folder: string) => join(folder, SCRIPT_NAME);
const say = (status: 0 | 1, ...lines: string[]): Outcome => ({ status, lines });

/** Why a file must not be replaced: it is somebody's work, at least in part. */
const keep = (folder: string, code: string): string | undefined => {
  if (isAsReleased(code)) return;
  if (!versionOf(code)) return 'It was not written by tabaton and stays as it is: move it away, or name another folder.';
  return `Somebody changed it since tabaton wrote it, so it stays as it is: move lines of your own (self.tabaton = …) into a script that ends with importScripts('/${SCRIPT_NAME}'), delete this one, and run npx tabaton init ${folder}`;
};

/** Writes or renews the copy; a file that is not ours, or not any more, stays as it is. */
export const init = (folder: string, script: string): Outcome => {
  const file = at(folder);
  const version = versionOf(script);
  if (existsSync(file)) {
    const code = readFileSync(file, 'utf8');
    if (withPlainLineEnds(code) === script) return say(0, `${file} is already the worker of tabaton ${version}.`);
    const kept = keep(folder, code);
    if (kept) return say(1, `${file}: ${kept}`);
    writeFileSync(file, script);
    return say(0, `${file}: tabaton ${versionOf(code)} replaced by ${version}.`);
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, script);
  return say(0, `${file}: the worker of tabaton ${version}.`, `Commit it, run \`npx tabaton check ${folder}\` in CI, and register it: session.worker.register({ url: '/${SCRIPT_NAME}' }).`);
};

/** Byte for byte, line ends aside: a copy of the same version that somebody edited is stale, too. */
export const check = (folder: string, script: string): Outcome => {
  const file = at(folder);
  const installed = versionOf(script);
  if (!existsSync(file)) return say(1, `${file} is missing: run npx tabaton init ${folder}`);
  const code = readFileSync(file, 'utf8');
  const copied = versionOf(code);
  const versions = `copy ${copied ?? 'of no version'}, installed ${installed}`;
  if (withPlainLineEnds(code) === script) return say(0, `${file} is up to date: ${versions}.`);
  return say(1, `${file} is stale: ${versions}${copied === installed ? ', and its bytes differ' : ''}. ${keep(folder, code) ?? `Run npx tabaton init ${folder}`}`);
};
