/** How the real browser is started, for Playwright and for raw CDP alike. */
import { chromiumPath } from '../../scripts/browser-path.mjs';

export const executablePath = chromiumPath();

export const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--password-store=basic',
  // The servers listen on 127.0.0.1 only; without this each new connection tries ::1 first.
  '--host-resolver-rules=MAP localhost 127.0.0.1, MAP plain.localhost.test 127.0.0.1',
];

/** Flags by which Playwright hides what this suite is about: bfcache and the treatment of background pages. */
export const hidingFlags = [
  '--disable-back-forward-cache',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];
