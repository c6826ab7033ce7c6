/**
 * The source with one guard switched off.
 * @param {import('./guards.mjs').Guard} guard @param {string} code
 * @throws when the source has changed and the guard is not found any more
 */
export function switchOff({ guard, file, on, off, also }, code) {
  return [[on, off], ...(also ? [also] : [])].reduce((text, [from, to]) => {
    const parts = text.split(from);
    if (parts.length !== 2) throw new Error(`${file}: "${guard}" was looked for as ${JSON.stringify(from)} and found ${parts.length - 1} times: say anew in proof/guards.mjs how it is switched off.`);
    return parts.join(to);
  }, code);
}
