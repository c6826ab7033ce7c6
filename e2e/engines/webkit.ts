/** WebKitGTK: the engine of Safari, driven by its own WebDriver on a display of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { webkitPaths } from '../../scripts/browser-path.mjs';
import { freePort } from '../../src/server/testing/free-port.js';
import type { Run } from '../server/pages/subject.js';
import { callOf, type Engine, type EngineTab } from './engine.js';
import { connect, type WebDriver } from './webdriver.js';

export async function webkit(): Promise<Engine> {
  const { driver: driverPath, browser: binary, display: displayPath } = webkitPaths();
  const display = spawn(displayPath, ['-displayfd', '3', '-screen', '0', '1280x900x24', '-nolisten', 'tcp'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] });
  const [number] = (await once(display.stdio[3] as Readable, 'data')) as [Buffer];
  const port = await freePort();
  const server = spawn(driverPath, [`--port=${port}`, '--host=127.0.0.1'], {
    stdio: 'ignore',
    env: { ...process.env, DISPLAY: `:${number.toString().trim()}`, WEBKIT_DISABLE_COMPOSITING_MODE: '1', LIBGL_ALWAYS_SOFTWARE: '1' },
  });
  const base = `http://127.0.0.1:${port}`;
  await listening(`${base}/status`, server);
  const options = { binary, args: ['--automation'] };
  const driver = await connect(base, { alwaysMatch: { browserName: 'MiniBrowser', 'webkitgtk:browserOptions': options } });
  const handles = new Map<EngineTab, string>();
  return {
    async open(name, url) {
      const handle = await driver.newTab();
      const made = tab(driver, handle, name);
      handles.set(made, handle);
      await made.goto(url);
      return made;
    },
    cookies: (of) => driver.send(handles.get(of)!, 'GET', '/cookie'),
    async quit() {
      await driver.quit();
      for (const child of [server, display]) await ended(child);
    },
  };
}

function tab(driver: WebDriver, handle: string, name: string): EngineTab {
  const script = <T>(text: string): Promise<T> => driver.send<T>(handle, 'POST', '/execute/sync', { script: text, args: [] });
  let begun = 0;
  /** Begun and asked for: a command that waits for its promise would keep all other tabs waiting. */
  const evaluate = async <T>(expression: string): Promise<T> => {
    begun += 1;
    const slot = `begun${begun}`;
    await script(`window.${slot} = {}; (async () => ${expression})().then((value) => (${slot}.done = JSON.stringify({ value })), (error) => (${slot}.done = JSON.stringify({ error: String(error) })));`);
    for (;;) {
      const done = await script<string | null>(`return window.${slot}?.done ?? null`);
      if (done === null) continue;
      const { value, error } = JSON.parse(done) as { value: T; error?: string };
      if (error !== undefined) throw new Error(error);
      return value;
    }
  };
  return {
    name,
    run: ((command, ...args: unknown[]) => evaluate(callOf(command, args))) as Run,
    evaluate,
    async goto(url) {
      await driver.send(handle, 'POST', '/url', { url });
      // The driver may be back before the scripts of the page have run.
      while ((await script('return document.readyState')) !== 'complete');
    },
    back: () => driver.send(handle, 'POST', '/back'),
    close: async () => void (await driver.send(handle, 'DELETE', '/window')),
  };
}

async function listening(status: string, server: ChildProcess): Promise<void> {
  for (;;) {
    if (server.exitCode !== null) throw new Error(`WebKitWebDriver ended with ${server.exitCode}.`);
    if (await fetch(status).then((reply) => reply.ok, () => false)) return;
    await new Promise((soon) => setTimeout(soon, 50));
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
