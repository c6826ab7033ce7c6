/** Lists and reads the project's source files, for the checks. Paths are relative to the root and use `/`. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

const SOURCE = /\.(ts|tsx|mts|mjs|js)$/;
const LEFT_OUT = /(^|\/)(node_modules|dist|\.[^/]+)\//;

/** @returns {{ path: string, code: string }[]} */
export function sources(root, folders) {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((file) => `${folder}/${String(file).split(sep).join('/')}`))
    .filter((path) => SOURCE.test(path) && !path.endsWith('.d.ts') && !LEFT_OUT.test(path))
    .toSorted()
    .map((path) => ({ path, code: readFileSync(join(root, path), 'utf8') }));
}

/** Tests, the suites that adapters run, and what stands in for the platform in them: they may reach anywhere. */
export const isTest = (path) =>
  /\.(test|browser\.test|contract|spec|bench)\.[cm]?[jt]sx?$/.test(path) || /^(\.\/)?(src|demo|e2e)\/.+\/(contracts?|testing|nodes|conformance)(\/|\.ts$)/.test(path);
