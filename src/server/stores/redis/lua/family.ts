/**
 * Lua: a family in its key, and in a reply.
 *
 * A family is one MessagePack array in one string: a hash would take three times the memory once a value passes
 * 64 bytes. In `f`, `false` stands for null: a Lua array ends at its first nil.
 */
export const FAMILY_LUA = `
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local NEVER = ${Number.MAX_SAFE_INTEGER}

local FIELDS = {
  'opaque', 'createdAt', 'absoluteExpiry', 'idleMs', 'rot', 'winners', 'rotatedAt', 'healedAt', 'ended', 'reason',
  'endedAt', 'idleExpiry', 'seenAt', 'gen', 'tokens', 'upstream', 'dueAt', 'watchedUntil',
}

-- Plain, as record.ts has it.
local function fromPlain(bytes)
  local values, f = cmsgpack.unpack(bytes), {}
  for i = 1, #FIELDS do f[FIELDS[i]] = values[i] end
  return f
end

local function toPlain(f)
  local values = {}
  for i = 1, #FIELDS do values[i] = f[FIELDS[i]] end
  return values
end

-- Stored, times count from each other: a difference takes 1 to 5 bytes, a time 9. Both are exact.
local function store(f)
  local tokens = {}
  for i, token in ipairs(f.tokens) do
    tokens[i] = { token[1], token[2], token[3] - f.rotatedAt, token[4] - token[3], token[5] }
  end
  return cmsgpack.pack({
    f.opaque, f.createdAt, f.absoluteExpiry, f.idleMs, f.rot, f.winners, f.rotatedAt - f.createdAt, f.healedAt, f.ended,
    f.reason, f.endedAt, f.idleExpiry - f.seenAt, f.seenAt - f.rotatedAt, f.gen, tokens, f.upstream, f.dueAt,
    f.watchedUntil or false,
  })
end

local function load(key)
  local raw = redis.call('GET', key)
  if not raw then return nil end
  local f = fromPlain(raw)
  if now >= f.absoluteExpiry then return nil end
  f.rotatedAt = f.createdAt + f.rotatedAt
  f.seenAt = f.rotatedAt + f.seenAt
  f.idleExpiry = f.seenAt + f.idleExpiry
  for _, token in ipairs(f.tokens) do
    token[3] = f.rotatedAt + token[3]
    token[4] = token[3] + token[4]
  end
  return f
end

local function save(key, f)
  redis.call('SET', key, store(f), 'KEEPTTL')
end

-- Seventeen digits give back the very number.
local function text(n)
  return string.format('%.17g', n)
end

local function number(s)
  if s == '' then return false end
  return tonumber(s)
end

local function deathOf(f)
  if f.ended then return f.reason or 'revoked' end
  if now >= f.absoluteExpiry then return 'expired' end
  if now >= f.idleExpiry then return 'idle' end
  return nil
end

local function endFamily(f, reason)
  f.ended = true
  f.reason = reason
  f.endedAt = now
  f.dueAt = false
end

-- A reply is the time, the family or false, and what else there is to say: one string, read in one go.
local function answer(f, ...)
  return cmsgpack.pack({ now, f and toPlain(f) or false, ... })
end
`;
