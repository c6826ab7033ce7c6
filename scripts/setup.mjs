/**
 * npm run setup: makes sure that this machine has what the tests need beyond npm: a Chromium, a Firefox, on Linux a
 * WebKitGTK, and a redis-server.
 * Finds what is there first (quick, no network), then asks Playwright's download, then the system's package manager.
 * Not a postinstall script: newer npm versions block those, and an application that installs tabaton needs none of it.
 */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { argumentsOf } from './arguments.mjs';
import { chromiumCandidates, findFirefox, findRedis, findWebkit, onPath } from './browser-path.mjs';

const MINUTE = 60_000;
const { quiet } = argumentsOf('npm run setup [-- --quiet]', { quiet: { type: 'boolean' } });
const failures = [];
let aptUpdated = false;

if (Number(process.versions.node.split('.')[0]) < 20) failures.push(`Node ${process.versions.node} is too old: install Node 20.19 or newer.`);
ensureChromium();
ensureFirefox();
// There is none elsewhere: its tests are not run there.
if (process.platform === 'linux') ensureWebkit();
ensureRedis();
for (const failure of failures) console.error(`setup: ${failure}`);
process.exit(failures.length ? 1 : 0);

function ensureChromium() {
  const found = () => chromiumCandidates().find(starts);
  let path = found();
  if (path) return say(`Chromium: ${path}`);
  say('Chromium: none found, trying the download of Playwright');
  const cli = join(dirname(createRequire(import.meta.url).resolve('@playwright/test/package.json')), 'cli.js');
  run([process.execPath, cli, 'install', 'chromium', '--no-shell'], 5 * MINUTE);
  if (chromiumCandidates().length && !found() && privileged()) run([process.execPath, cli, 'install-deps', 'chromium'], 5 * MINUTE);
  path = found();
  if (!path) {
    say('Chromium: no usable download, trying the package manager of the system');
    installPackage({ apt: ['chromium'], dnf: ['chromium'], apk: ['chromium'], pacman: ['chromium'] });
    // Not everywhere to be had, and only faster: for itself, so that the other does not fail with it.
    installPackage({ apt: ['chromium-headless-shell'] });
    path = found();
  }
  if (path) return say(`Chromium: installed ${path}`);
  failures.push(
    'the browser tests need Chromium or Chrome and none could be installed. Install one (Debian: apt-get install chromium; Fedora: dnf install chromium; ' +
      'macOS: brew install --cask google-chrome; any: npx playwright install --with-deps chromium), or set TABATON_CHROMIUM to the path of its executable.',
  );
}

function ensureFirefox() {
  let path = findFirefox();
  if (path) return say(`Firefox: ${path}`);
  say('Firefox: none found, trying the package manager of the system');
  installPackage({ apt: ['firefox-esr'], dnf: ['firefox'], apk: ['firefox-esr'], pacman: ['firefox'] });
  path = findFirefox();
  if (path) return say(`Firefox: installed ${path}`);
  failures.push(
    'the rows of the other engines need a Firefox and none could be installed. Install one (Debian: apt-get install firefox-esr; Fedora: dnf install firefox), ' +
      'or set TABATON_FIREFOX to the path of its executable.',
  );
}

function ensureWebkit() {
  let found = findWebkit();
  if (found) return say(`WebKit: ${found.browser}`);
  say('WebKit: none found, trying the package manager of the system');
  installPackage({ apt: ['webkit2gtk-driver', 'xvfb'] });
  found = findWebkit();
  if (found) return say(`WebKit: installed ${found.browser}`);
  failures.push(
    'the rows of the other engines need WebKitGTK and it could not be installed. Install WebKitWebDriver, its MiniBrowser and Xvfb (Debian: apt-get install ' +
      'webkit2gtk-driver xvfb), and set TABATON_MINIBROWSER to the path of MiniBrowser if it is in no usual place.',
  );
}

function ensureRedis() {
  let path = findRedis();
  if (path) return say(`Redis: ${path}`);
  say('Redis: none found, trying the package manager of the system');
  installPackage({ apt: ['redis-server'], dnf: ['valkey'], apk: ['redis'], pacman: ['valkey'], brew: ['redis'] });
  path = findRedis();
  if (path) return say(`Redis: installed ${path}`);
  failures.push(
    'the tests of the Redis store need a redis-server and none could be installed. Install one (Debian: apt-get install redis-server; Fedora: dnf install valkey; ' +
      'macOS: brew install redis), or set TABATON_REDIS_SERVER to the path of its executable.',
  );
}

/** A file can be there and yet not start: a stub, another architecture, missing libraries. */
function starts(executable) {
  return spawnSync(executable, ['--version'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

function installPackage(names) {
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  if (names.brew && onPath('brew')) return run(['brew', 'install', ...names.brew], 5 * MINUTE);
  if (!privileged()) return say('no root rights and no sudo without a password: skipping the package manager');
  if (onPath('apt-get') && names.apt) {
    if (!aptUpdated) run([...sudo, 'apt-get', 'update', '-qq'], 3 * MINUTE);
    aptUpdated = true;
    return run([...sudo, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...names.apt], 5 * MINUTE);
  }
  if (onPath('dnf') && names.dnf) return run([...sudo, 'dnf', 'install', '-y', '-q', ...names.dnf], 5 * MINUTE);
  if (onPath('apk') && names.apk) return run([...sudo, 'apk', 'add', '--no-cache', ...names.apk], 5 * MINUTE);
  if (onPath('pacman') && names.pacman) return run([...sudo, 'pacman', '-Sy', '--noconfirm', ...names.pacman], 5 * MINUTE);
  return undefined;
}

function privileged() {
  if (process.getuid?.() === 0) return true;
  return Boolean(onPath('sudo')) && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore', timeout: 5_000 }).status === 0;
}

function run([command, ...args], timeout) {
  say(`$ ${[command, ...args].join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', quiet ? 'ignore' : 'inherit', 'inherit'], timeout });
  if (status !== 0) say(error ? `that did not work: ${error.message}` : `that ended with status ${status}`);
  return status === 0;
}

function say(line) {
  if (!quiet) console.log(line);
}
