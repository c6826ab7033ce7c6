/** Lua: the operations on one family. Each is one script on one key. */
import { type LuaScript, luaScript } from '../script.js';
import { FAMILY_LUA } from './family.js';
import { ROTATION_LUA } from './rotation.js';
import { TOKENS_LUA } from './tokens.js';

const UNKNOWN = `if not f then return answer(nil, 'unknown') end`;

/**
 * One argument for each key: rot, reason, C, M, the six of the token, then the ids. One that fails does so alone, with
 * what Redis said in the place of the time; but that nothing can be written here any more is said as the error it is,
 * because that is what makes a client look for the new primary.
 */
const PRESENT = `
local function one(key, given)
  local f = load(key)
  ${UNKNOWN}
  local reason = deathOf(f)
  if reason then return answer(f, 'ended', reason) end
  local p = { rot = given[1], reason = given[2], race = given[3], floor = given[4], ask = askFrom(given, 5), ids = {} }
  for i = 11, #given do p.ids[#p.ids + 1] = given[i] end
  local before = f.rot
  local decision, settled, changed = present(f, p)
  if changed then f.seenAt = now end
  if decision == 'reuse' then
    endFamily(f, 'reuse_detected')
    save(key, f)
    return answer(f, 'reuse', p.rot == before - 1 and 'previous' or 'older')
  end
  if decision == 'spent' then
    if changed then save(key, f) end
    return answer(f, 'spent', settled, changed)
  end
  local kind, wait = decideToken(f, p.ask)
  if changed or kind == 'minted' then save(key, f) end
  return answer(f, 'accepted', decision, settled, kind, wait)
end

local replies = {}
for i = 1, #KEYS do
  local well, reply = pcall(one, KEYS[i], cmsgpack.unpack(ARGV[i]))
  if not well then
    local said = type(reply) == 'table' and reply.err or tostring(reply)
    if string.sub(said, 1, 8) == 'READONLY' then return redis.error_reply(said) end
    reply = cmsgpack.pack({ said })
  end
  replies[i] = reply
end
return replies
`;

/** Argument: the six of the token. */
const MINT = `
local f = load(KEYS[1])
${UNKNOWN}
local reason = deathOf(f)
if reason then return answer(f, 'ended', reason) end
local kind, wait = decideToken(f, askFrom(cmsgpack.unpack(ARGV[1]), 1))
if kind == 'minted' then save(KEYS[1], f) end
return answer(f, 'active', kind, wait)
`;

/** Arguments: ver, sealed, expiresAt, dueAt, and with a token: key, lifetime, sealed. */
const COMMIT = `
local f = load(KEYS[1])
${UNKNOWN}
local reason = deathOf(f)
if reason then return answer(f, 'ended', reason) end
local ver = tonumber(ARGV[1])
if not f.upstream or f.upstream[1] ~= ver then return answer(f, 'conflict') end
f.upstream = { ver + 1, ARGV[2], number(ARGV[3]), false, false }
f.dueAt = number(ARGV[4])
if ARGV[5] then fileToken(f, ARGV[5], tonumber(ARGV[6]), ARGV[7]) end
save(KEYS[1], f)
return answer(f, 'committed')
`;

/** Arguments: ver, node, at. */
const INTEND = `
local f = load(KEYS[1])
if not f or f.ended or not f.upstream or f.upstream[1] ~= tonumber(ARGV[1]) then return 0 end
f.upstream[4] = ARGV[2]
f.upstream[5] = tonumber(ARGV[3])
save(KEYS[1], f)
return 1
`;

/** Argument: gen. */
const FORGET = `
local f = load(KEYS[1])
if not f then return 0 end
local kept = {}
for _, token in ipairs(f.tokens) do
  if token[2] > tonumber(ARGV[1]) then kept[#kept + 1] = token end
end
if #kept < #f.tokens then
  f.tokens = kept
  save(KEYS[1], f)
end
return 1
`;

/** Argument: for how long. */
const WATCH = `
local f = load(KEYS[1])
if not f or f.ended then return 0 end
f.watchedUntil = now + tonumber(ARGV[1])
save(KEYS[1], f)
return 1
`;

/**
 * Argument: reason. One that has ended already is written again as it is: WAIT counts replicas that have all writes
 * of this connection, and a caller who repeats a revocation that was not acknowledged asks about this one.
 * Answers whether it was this one, and what was decided at the login.
 */
const END = `
local f = load(KEYS[1])
if not f then return { 0, '' } end
local first = not f.ended
if first then endFamily(f, ARGV[1]) end
save(KEYS[1], f)
return { first and 1 or 0, f.opaque }
`;

/** Argument: the family. Answers what happened, and what was decided at the login that was found. */
const CREATE = `
local f = fromPlain(ARGV[1])
local old = load(KEYS[1])
if old and not old.ended then
  -- A client that lost its connection sends again: the very same family was written by its first try.
  return { store(old) == store(f) and 'created' or 'exists', old.opaque }
end
redis.call('SET', KEYS[1], store(f))
if f.absoluteExpiry < NEVER then redis.call('PEXPIREAT', KEYS[1], text(f.absoluteExpiry)) end
return { 'created', old and old.opaque or '' }
`;

const READ = `
return answer(load(KEYS[1]))
`;

export interface FamilyScripts {
  present: LuaScript;
  mint: LuaScript;
  commit: LuaScript;
  intend: LuaScript;
  forget: LuaScript;
  watch: LuaScript;
  end: LuaScript;
  create: LuaScript;
  read: LuaScript;
}

export function familyScripts(): FamilyScripts {
  return {
    present: luaScript(FAMILY_LUA, TOKENS_LUA, ROTATION_LUA, PRESENT),
    mint: luaScript(FAMILY_LUA, TOKENS_LUA, MINT),
    commit: luaScript(FAMILY_LUA, TOKENS_LUA, COMMIT),
    intend: luaScript(FAMILY_LUA, INTEND),
    forget: luaScript(FAMILY_LUA, FORGET),
    watch: luaScript(FAMILY_LUA, WATCH),
    end: luaScript(FAMILY_LUA, END),
    create: luaScript(FAMILY_LUA, CREATE),
    read: luaScript(FAMILY_LUA, READ),
  };
}
