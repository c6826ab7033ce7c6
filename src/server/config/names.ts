/** An option nobody reads is a mistake: the one that was meant would silently be its default. */
import { MisconfiguredError } from './misconfigured.js';

/** `known` has the name of every option there is. @throws MisconfiguredError naming one that there is not. */
export function checkNames(given: object | undefined, known: Readonly<Record<string, unknown>>, where = ''): void {
  for (const name of Object.keys(given ?? {})) {
    if (!Object.hasOwn(known, name)) throw new MisconfiguredError(where + name, `there is no such option. Use ${Object.keys(known).join(', ')}.`);
  }
}
