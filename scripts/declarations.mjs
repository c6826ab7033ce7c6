/** Keeps the declarations that an entry point reaches and removes the rest: contract suites and private files are not published. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { importsOf } from './imports.mjs';

export function pruneDeclarations(folder, roots) {
  const reached = new Set();
  const queue = [...roots];
  while (queue.length) {
    const file = queue.pop();
    if (reached.has(file)) continue;
    if (!existsSync(join(folder, file))) throw new Error(`no declaration was written for ${file}`);
    reached.add(file);
    const code = readFileSync(join(folder, file), 'utf8');
    for (const { specifier } of importsOf(join(folder, file), code))
      if (specifier.startsWith('.')) queue.push(normalize(join(dirname(file), specifier.replace(/\.js$/, '.d.ts'))));
  }
  for (const file of readdirSync(folder, { recursive: true }).map(String))
    if (file.endsWith('.d.ts') && !reached.has(normalize(file))) rmSync(join(folder, file));
  return reached;
}
