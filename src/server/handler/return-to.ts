import { LOCAL_PATH } from '../../contract/wire.js';

/**
 * A path of this origin, or `undefined`. In ASCII, as a header carries it: what is not is percent-encoded, which changes
 * nothing about where it leads. Quotation marks too, as browsers do: they would count double in the transaction's cookie.
 */
export function localPath(value: string | null): string | undefined {
  if (value === null || !LOCAL_PATH.test(value)) return undefined;
  const path = value.replace(/[^!#-~]+/g, (odd) => encodeURIComponent(odd));
  return path.length > 2_048 ? undefined : path;
}
