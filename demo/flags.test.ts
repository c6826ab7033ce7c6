import { expect, it } from 'vitest';
import { readFlags } from './flags.mjs';

it.each<[string, object]>([
  ['', { port: 0 }],
  ['--port 4000', { port: 4_000 }],
  ['--port=4000', { port: 4_000 }],
  ['--redis', { port: 0, nodes: 1 }],
  ['--redis --nodes 2', { port: 0, nodes: 2 }],
  ['--nodes 4 --redis --port 0', { port: 0, nodes: 4 }],
])('npm run demo -- %s', (line, flags) => {
  expect(readFlags(line.split(' ').filter(Boolean))).toEqual(flags);
});

it.each<[string, RegExp]>([
  ['--port', /--port needs a number from 0 to 65535/],
  ['--port 70000', /--port needs a number/],
  ['--port -1', /--port needs a number/],
  ['--port 4e3', /--port needs a number/],
  ['--redis --nodes 0', /--nodes needs a number from 1 to 4/],
  ['--redis --nodes two', /--nodes needs a number/],
  ['--redis --nodes 1.5', /--nodes needs a number/],
  ['--nodes 2', /--nodes needs --redis/],
  ['--redis=yes', /--redis takes no value/],
  ['--node 2', /There is no --node/],
  ['-p 4000', /There is no -p/],
  ['redis', /"redis" is not a flag/],
])('%s is answered with what is allowed', (line, what) => {
  const read = () => readFlags(line.split(' '));
  expect(read).toThrow(what);
  expect(read).toThrow(/takes --port <0 to 65535>, --redis and, with it, --nodes <1 to 4>, for example: npm run demo -- --redis --nodes 2$/);
});
