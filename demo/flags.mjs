/** The demo's flags, or a sentence that says which there are. */
import { parseArgs } from 'node:util';

const MOST_NODES = 4;

const OPTIONS = { port: { type: 'string' }, redis: { type: 'boolean' }, nodes: { type: 'string' } };
const ALLOWED =
  `The demo takes --port <0 to 65535>, --redis and, with it, --nodes <1 to ${MOST_NODES}>, ` +
  'for example: npm run demo -- --redis --nodes 2';

class FlagError extends Error {
  constructor(what) {
    super(`${what} ${ALLOWED}`);
    this.name = 'FlagError';
  }
}

/** @throws FlagError saying what is wrong and what is allowed. */
export function readFlags(args) {
  const { values, tokens } = parseArgs({ args, options: OPTIONS, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind === 'positional') throw new FlagError(`"${token.value}" is not a flag.`);
    if (token.kind !== 'option') continue;
    if (!Object.hasOwn(OPTIONS, token.name)) throw new FlagError(`There is no ${token.rawName}.`);
    if (token.name === 'redis' && token.value !== undefined) throw new FlagError('--redis takes no value.');
  }
  if (values.nodes !== undefined && !values.redis) throw new FlagError('--nodes needs --redis: several nodes share one store.');
  return {
    port: number('--port', values.port ?? '0', 0, 65_535),
    ...(values.redis ? { nodes: number('--nodes', values.nodes ?? '1', 1, MOST_NODES) } : {}),
  };
}

function number(flag, text, least, most) {
  const value = /^\d{1,5}$/.test(String(text)) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw new FlagError(`${flag} needs a number from ${least} to ${most}.`);
  return value;
}
