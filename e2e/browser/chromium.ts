/**
 * Chromium without Playwright: its pages really freeze and really enter the back/forward cache, it can be killed by
 * its process group and started again with the same profile.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cdp, connect } from './cdp.js';
import { argsForCdp, wholeBrowser } from './launch.js';
import { type RawTab, rawTab } from './tab.js';

export interface Chromium {
  readonly cdp: Cdp;
  /** A tab of its own, with a renderer process of its own. */
  open(url: string): Promise<RawTab>;
  /** SIGKILL to the browser and its helper processes: nothing is flushed. */
  kill(): Promise<void>;
  /** The way a person quits: cookies are flushed. */
  quit(): Promise<void>;
}

export interface Profile {
  readonly folder: string;
  launch(): Promise<Chromium>;
  remove(): Promise<void>;
}

export function profile(): Profile {
  const folder = mkdtempSync(join(tmpdir(), 'tabaton-profile-'));
  let running: Chromium | undefined;
  return {
    folder,
    async launch() {
      for (const name of ['SingletonLock', 'SingletonCookie', 'SingletonSocket', 'DevToolsActivePort']) rmSync(join(folder, name), { force: true });
      running = await launch(folder);
      return running;
    },
    async remove() {
      await running?.quit();
      // Children of a killed browser write for a moment longer.
      rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}

async function launch(folder: string): Promise<Chromium> {
  const child = spawn(
    wholeBrowser,
    ['--headless', ...argsForCdp, '--no-first-run', '--disable-background-networking', '--disable-component-update', '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank'],
    // A process group of its own: a network service that outlives its browser would still write cookies to disk.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  const exited = once(child, 'exit');
  const cdp = await connect(await debuggerUrl(child));
  const stop = async (how: () => unknown): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      how();
      await exited;
    }
    cdp.close();
  };
  return {
    cdp,
    async open(url) {
      const { targetId } = await cdp.send<{ targetId: string }>('Target.createTarget', { url: 'about:blank', newWindow: true });
      const tab = await rawTab(cdp, targetId);
      if (url !== 'about:blank') await tab.goto(url);
      return tab;
    },
    kill: () => stop(() => process.kill(-(child.pid ?? 0), 'SIGKILL')),
    quit: () => stop(() => void cdp.send('Browser.close').catch(() => undefined)),
  };
}

function debuggerUrl(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    let text = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      const url = /DevTools listening on (ws:\/\/\S+)/.exec(text)?.[1];
      if (url) found(url);
    });
    child.once('exit', () => failed(new Error(`Chromium ended at start:\n${text}`)));
  });
}
