/**
 * A path of this origin, or `undefined`: one leading slash, no second one, no backslash (browsers read it as a
 * slash), no control characters (browsers drop them and might find a second slash behind). In ASCII, as a header
 * carries it: what is not is percent-encoded, which changes nothing about where it leads.
 */
export function localPath(value: string | null): string | undefined {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (value === null || !/^\/(?![/\\])[^\\\u0000-\u001f\u007f]*$/.test(value)) return undefined;
  const path = value.replace(/[^!-~]+/g, (odd) => encodeURIComponent(odd));
  return path.length > 2_048 ? undefined : path;
}
