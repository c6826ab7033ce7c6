/**
 * node scripts/api.mjs [--update]: one report per typed entry under `api/`, from the declarations in dist. Compares with what is
 * checked in, so that a change of the public surface shows in review; `npm run api` accepts it.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { argumentsOf } from './arguments.mjs';
import { entries } from './entries.mjs';
import { isMain } from './main.mjs';
import { root } from './steps.mjs';

const compilerOptions = {
  target: 'ES2022',
  module: 'ESNext',
  moduleResolution: 'bundler',
  lib: ['ES2023', 'ESNext.Disposable', 'DOM', 'DOM.Iterable'],
  types: ['node'],
  skipLibCheck: true,
  strict: true,
};

/** Its virtual ports are the core's own, handed through whole: nobody has to name what they are made of. */
const HANDED_THROUGH = './testing';

/** @returns {string[]} violations */
export function compare({ update, folder = join(root, 'api'), typed = entries.filter((entry) => entry.kind === 'module'), projectFolder = root }) {
  if (!typed.length) return ['no typed entry: the check saw nothing'];
  mkdirSync(folder, { recursive: true });
  const names = new Set(typed.map((entry) => `${reportName(entry)}.api.md`));
  const reported = typed.flatMap((entry) => report(entry, { update, folder, projectFolder }));
  const nameable = new Set(typed.flatMap((entry) => exportsOf(join(projectFolder, '.tmp', 'api', `${reportName(entry)}.api.md`))));
  // A type that another door exports can be named by callers.
  const found = reported.filter((violation) => {
    const forgotten = /The symbol "(\w+?)(?:_\d+)?" needs to be exported/.exec(violation)?.[1];
    return !forgotten || !(nameable.has(forgotten) || violation.startsWith(`${HANDED_THROUGH}:`));
  });
  for (const stale of readdirSync(folder).filter((file) => file.endsWith('.api.md') && !names.has(file))) {
    if (update) rmSync(join(folder, stale));
    else found.push(`api/${stale} belongs to no entry point any more: run npm run api`);
  }
  return found;
}

function report(entry, { update, folder, projectFolder }) {
  const declarations = join(projectFolder, 'dist', 'types', entry.source.replace(/^src\/(.*)\.ts$/, '$1.d.ts'));
  if (!existsSync(declarations)) return [`${declarations} is missing: run npm run build first`];
  const messages = [];
  // Where the report of this run is written, to look at beside the one that is checked in.
  const fresh = join(projectFolder, '.tmp', 'api');
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, 'package.json'),
    configObject: {
      projectFolder,
      newlineKind: 'lf',
      mainEntryPointFilePath: declarations,
      compiler: { overrideTsconfig: { compilerOptions, files: [declarations] } },
      apiReport: { enabled: true, reportFileName: reportName(entry), reportFolder: folder, reportTempFolder: fresh },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Error },
          'ae-missing-release-tag': { logLevel: ExtractorLogLevel.None },
          // Members may speak for themselves; exported symbols may not: see `undocumented`.
          'ae-undocumented': { logLevel: ExtractorLogLevel.None },
        },
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
      },
    },
  });
  const result = Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true;
      if (message.logLevel === ExtractorLogLevel.Error) messages.push(`${entry.export}: ${message.text}`);
    },
  });
  messages.push(...undocumented(entry, fresh));
  if (result.apiReportChanged && !update) return [`${entry.export}: the public surface differs from api/${reportName(entry)}.api.md. Look at .tmp/api; if it is meant: npm run api`, ...messages];
  return messages;
}

function exportsOf(file) {
  if (!existsSync(file)) return [];
  return [...readFileSync(file, 'utf8').matchAll(/^export (?:declare )?(?:abstract )?(?:type|interface|const|class|function|enum) (\w+)/gm)].map(([, name]) => name);
}

/** The report marks each exported symbol that has no doc comment. */
function undocumented(entry, fresh) {
  const text = readFileSync(join(fresh, `${reportName(entry)}.api.md`), 'utf8');
  return [...text.matchAll(/^\/\/ @public \(undocumented\)\n(?:\/\/.*\n)*(.*)$/gm)].map(([, symbol]) => `${entry.export}: no doc comment on: ${symbol.replace(/[{;=].*$/, '').trim()}`);
}

const reportName = (entry) => entry.name.replace(/\/?index$/, '').replaceAll('/', '-') || 'tabaton';

if (isMain(import.meta)) {
  const found = compare(argumentsOf('node scripts/api.mjs [--update]', { update: { type: 'boolean' } }));
  for (const violation of found) console.error(violation);
  console.log(`api: ${entries.filter((entry) => entry.kind === 'module').length} entry points, ${found.length} violations`);
  process.exit(found.length ? 1 : 0);
}
