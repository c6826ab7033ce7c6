/** A Lua script and the digest Redis knows it by. */
import { createHash } from 'node:crypto';

export interface LuaScript {
  readonly source: string;
  readonly sha: string;
}

export function luaScript(...parts: readonly string[]): LuaScript {
  const source = parts.join('');
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
