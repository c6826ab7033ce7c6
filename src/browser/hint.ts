/** The readable marker a full endpoint sets beside its HttpOnly cookie: somebody may be signed in. */
import { hintCookieName } from '../contract/wire.js';

/** `undefined` where cookies cannot be read: workers, sandboxed frames. */
export const readHint = (endpoint: string): boolean | undefined => {
  try {
    return document.cookie.includes(`${hintCookieName(endpoint)}=`);
  } catch {
    return undefined;
  }
};
