/** What a script was started with. None runs for minutes where somebody asked for `--help`. */
import { parseArgs } from 'node:util';

/** @typedef {Record<string, { type: 'boolean' | 'string' }>} Options by name, without the dashes */

/**
 * The values of the options that were given.
 * @param {string} usage @param {Options} options @param {string[]} args
 * @throws when there is anything else, with a sentence that says what there is
 */
export function readArguments(usage, options, args) {
  const { values, tokens } = parseArgs({ args, options, strict: false, tokens: true });
  const refuse = (what) => {
    throw new Error(`${what} Usage: ${usage}`);
  };
  for (const { kind, name, rawName, value } of tokens) {
    if (kind === 'positional') refuse(`"${value}" means nothing here.`);
    if (kind !== 'option') continue;
    if (!Object.hasOwn(options, name)) refuse(`There is no ${rawName}.`);
    if (options[name].type === 'boolean' && value !== undefined) refuse(`${rawName} takes no value.`);
    if (options[name].type === 'string' && !value) refuse(`${rawName} needs a value.`);
  }
  return values;
}

/** The same of this process, which ends where an argument is refused. @param {string} usage @param {Options} [options] */
export function argumentsOf(usage, options = {}) {
  try {
    return readArguments(usage, options, process.argv.slice(2));
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}
