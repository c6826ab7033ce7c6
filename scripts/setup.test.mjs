import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { chromiumCandidates, findRedis } from './browser-path.mjs';
import { root } from './steps.mjs';

let folder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tabaton-setup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An executable that answers `--version` with this status. */
const executable = (name, status = 0) => {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\nexit ${status}\n`);
  chmodSync(file, 0o755);
  return file;
};

/** A machine with nothing on it but `folder`, and no network to download from. */
const setup = (env = {}) =>
  new Promise((done) => {
    const child = spawn(process.execPath, [join(root, 'scripts/setup.mjs')], {
      env: { PATH: folder, HOME: folder, PLAYWRIGHT_BROWSERS_PATH: join(folder, 'none'), PLAYWRIGHT_DOWNLOAD_HOST: 'http://127.0.0.1:9', ...env },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.on('exit', (status) => done({ status, output }));
  });

/** WebKitGTK is three of them; it is looked for on Linux only. */
const webkit = () => {
  executable('WebKitWebDriver');
  executable('Xvfb');
  return { TABATON_MINIBROWSER: executable('MiniBrowser') };
};
const onLinux = (line) => (process.platform === 'linux' ? line : '');

describe('npm run setup', { timeout: 60_000 }, () => {
  it('finds what is there and installs nothing', async () => {
    const chromium = executable('chromium');
    const firefox = executable('firefox-esr');
    const redis = executable('redis-server');
    const env = webkit();
    const found = onLinux(`WebKit: ${env.TABATON_MINIBROWSER}\n`);
    expect(await setup(env)).toEqual({ status: 0, output: `Chromium: ${chromium}\nFirefox: ${firefox}\n${found}Redis: ${redis}\n` });
  });

  it('prefers what the environment names', async () => {
    executable('chromium');
    executable('redis-server');
    const mine = executable('mine');
    const { output } = await setup({ ...webkit(), TABATON_CHROMIUM: mine, TABATON_FIREFOX: mine, TABATON_MINIBROWSER: mine, TABATON_REDIS_SERVER: mine });
    expect(output).toBe(`Chromium: ${mine}\nFirefox: ${mine}\n${onLinux(`WebKit: ${mine}\n`)}Redis: ${mine}\n`);
  });

  it('passes over an executable that does not start', async () => {
    executable('chromium', 1);
    executable('firefox-esr');
    executable('redis-server');
    const works = executable('google-chrome');
    expect((await setup()).output).toContain(`Chromium: ${works}\n`);
  });

  it('says what to do when nothing can be had', async () => {
    const { status, output } = await setup();
    expect(status).toBe(1);
    expect(output).toMatch(/setup: the browser tests need Chromium.*apt-get install chromium.*TABATON_CHROMIUM/);
    expect(output).toMatch(/setup: the rows of the other engines need a Firefox.*apt-get install firefox-esr.*TABATON_FIREFOX/);
    expect(output).toMatch(onLinux('setup: the rows of the other engines need WebKitGTK'));
    expect(output).toMatch(/setup: the tests of the Redis store need a redis-server.*apt-get install redis-server.*TABATON_REDIS_SERVER/);
  });
});

describe('the executables', () => {
  it('come in order: environment, path', () => {
    const [mine, theirs] = [executable('mine'), executable('chromium')];
    expect(chromiumCandidates({ PATH: folder, TABATON_CHROMIUM: mine }).filter((path) => path.startsWith(folder))).toEqual([mine, theirs]);
    expect(findRedis({ PATH: folder })).toBeUndefined();
  });
});
