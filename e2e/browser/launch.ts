/** How the real browser is started, for Playwright and for raw CDP alike. */
import { chromiumPath, headlessPath } from '../../scripts/browser-path.mjs';

/** The whole browser, which is frozen, cached, killed and started again with its profile; and what most rows need of it. */
export const [wholeBrowser, executablePath] = [chromiumPath(), headlessPath()];

/**
 * Two pages that Chromium loads into a window for suggestions below its address bar, into which no test types. They took a
 * third of the processor time of a context with three tabs.
 */
const unseen = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'];

/** What Playwright disables by itself (its 1.65): Chromium reads the last such list only. */
const disabledByPlaywright = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--password-store=basic',
  // The servers listen on 127.0.0.1 only; without this each new connection tries ::1 first.
  '--host-resolver-rules=MAP localhost 127.0.0.1, MAP plain.localhost.test 127.0.0.1',
];

export const argsForPlaywright = [...args, `--disable-features=${[...disabledByPlaywright, ...unseen].join()}`];
export const argsForCdp = [...args, `--disable-features=${unseen.join()}`];

/** Flags by which Playwright hides what this suite is about: bfcache and the treatment of background pages. */
export const hidingFlags = [
  '--disable-back-forward-cache',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];
