/**
 * A path of this origin, or `undefined`: one leading slash, no second one, no backslash (browsers read it as a
 * slash), no control characters (browsers drop them and might find a second slash behind).
 */
export function localPath(value: string | null): string | undefined {
  if (value === null || value.length > 2_048) return undefined;
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return /^\/(?![/\\])[^\\\u0000-\u001f\u007f]*$/.test(value) ? value : undefined;
}
