/**
 * Where the real browser and the real Redis of the tests are. One answer for vitest, Playwright, the benches and setup.
 *
 * Order for Chromium: TABATON_CHROMIUM, the one Playwright downloaded, the system's.
 */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'microsoft-edge'];
const CHROMIUM_PLACES = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium'];

/** Candidates in order of preference; the first that can be executed is used. */
export function chromiumCandidates(env = process.env) {
  return [env.TABATON_CHROMIUM, chromium.executablePath(), ...CHROMIUM_NAMES.map((name) => onPath(name, env)), ...CHROMIUM_PLACES].filter(isExecutable);
}

/** The executable, or undefined. */
export function findChromium(env = process.env) {
  return chromiumCandidates(env)[0];
}

/** The executable; throws a sentence that says what to do where there is none. */
export function chromiumPath() {
  const path = findChromium();
  if (!path) throw new Error('No Chromium found. Run: npm run setup (or set TABATON_CHROMIUM to the path of a Chromium or Chrome).');
  return path;
}

/**
 * For tests that drive tabs and look at no window: Chromium without the interface around its pages, where there is one. The
 * same engine and the same processes, a quarter less of the processor. TABATON_CHROMIUM is used for everything.
 */
export function headlessPath(env = process.env) {
  return (env.TABATON_CHROMIUM ? undefined : onPath('chromium-headless-shell', env)) ?? chromiumPath();
}

export function findFirefox(env = process.env) {
  return [env.TABATON_FIREFOX, onPath('firefox-esr', env), onPath('firefox', env)].find(isExecutable);
}

/** The executable; throws a sentence that says what to do where there is none. */
export function firefoxPath() {
  const path = findFirefox();
  if (!path) throw new Error('No Firefox found. Run: npm run setup (or set TABATON_FIREFOX to its path).');
  return path;
}

const WEBKIT_PLACES = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/libexec', '/usr/lib'].flatMap((lib) => [`${lib}/webkit2gtk-4.1`, `${lib}/webkit2gtk-4.0`]);

/** WebKitGTK, its WebDriver and a display for it: all three, or undefined. */
export function findWebkit(env = process.env) {
  const driver = onPath('WebKitWebDriver', env);
  const display = onPath('Xvfb', env);
  const browser = [env.TABATON_MINIBROWSER, ...WEBKIT_PLACES.map((place) => join(place, 'MiniBrowser'))].find(isExecutable);
  return driver && display && browser ? { driver, display, browser } : undefined;
}

/** The executables; throws a sentence that says what to do where there are none. */
export function webkitPaths() {
  const paths = findWebkit();
  if (!paths) throw new Error('No WebKitGTK found. Run: npm run setup (it needs WebKitWebDriver, MiniBrowser and Xvfb).');
  return paths;
}

export function findRedis(env = process.env) {
  return [env.TABATON_REDIS_SERVER, onPath('redis-server', env), onPath('valkey-server', env)].find(isExecutable);
}

/** The executable; throws a sentence that says what to do where there is none. */
export function redisPath() {
  const path = findRedis();
  if (!path) throw new Error('No redis-server found. Run: npm run setup (or set TABATON_REDIS_SERVER to its path).');
  return path;
}

export function onPath(name, env = process.env) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path) {
  if (!path || !existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
