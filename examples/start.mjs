/**
 * node examples/start.mjs node|express|hono [port]
 *
 * Starts one of the examples on this machine, on a SQLite file in the current directory. Build the package first:
 * the examples import it by its name.
 */
import { localOptions } from './options.mjs';

const [name = 'node', port = '3000'] = process.argv.slice(2);
const starts = {
  node: (app) => app.listen(Number(port), '127.0.0.1'),
  express: (app) => app.listen(Number(port), '127.0.0.1'),
  hono: async (app) => (await import('@hono/node-server')).serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' }),
};
if (!Object.hasOwn(starts, name)) throw new Error(`There is no example "${name}" to start. Known: ${Object.keys(starts).join(', ')}.`);
const origin = `http://localhost:${port}`;
const { createApp } = await import(`./${name}/app.mjs`);
await starts[name](await createApp(await localOptions(origin)));
process.stdout.write(`${name}: ${origin}/auth (user ada, password lovelace)\n`);
