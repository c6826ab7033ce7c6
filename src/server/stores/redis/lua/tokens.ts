/** Lua: `families/tokens.ts`, line by line. A token is `{ key, gen, issuedAt, expiresAt, sealed or false }`. */
import { TOKENS_KEPT } from '../../../families/tokens.js';

export const TOKENS_LUA = `
local function tokenOf(f, key)
  for _, token in ipairs(f.tokens) do
    if token[1] == key then return token end
  end
  return nil
end

-- From \`first\` on: key, have or false, minTtl, fresh, mintGap, lifetime or false.
local function askFrom(given, first)
  return {
    key = given[first], have = given[first + 1], minTtl = given[first + 2],
    fresh = given[first + 3], mintGap = given[first + 4], lifetime = given[first + 5],
  }
end

local function fileToken(f, key, lifetime, sealed)
  local kept = {}
  for _, token in ipairs(f.tokens) do
    if token[1] ~= key and token[4] > now then kept[#kept + 1] = token end
  end
  table.sort(kept, function(a, b)
    if a[4] ~= b[4] then return a[4] > b[4] end
    return a[2] > b[2]
  end)
  while #kept > ${TOKENS_KEPT - 1} do table.remove(kept) end
  f.gen = f.gen + 1
  kept[#kept + 1] = { key, f.gen, now, math.min(now + lifetime, f.absoluteExpiry), sealed }
  f.tokens = kept
end

local function suffices(token, ask)
  local left = token[4] - now
  if left <= 0 then return false end
  local enough = left >= math.min(ask.minTtl, (token[4] - token[3]) / 2)
  if not ask.fresh then return enough end
  return ask.have ~= false and token[2] > ask.have and enough
end

-- Returns the kind of the decision and, when limited, for how long. A minted token is filed in f.
local function decideToken(f, ask)
  local cached = tokenOf(f, ask.key)
  if cached and suffices(cached, ask) then return 'served', 0 end
  if cached and ask.fresh then
    local wait = cached[3] + ask.mintGap - now
    if wait > 0 then return 'limited', wait end
  end
  if not ask.lifetime then return 'needed', 0 end
  fileToken(f, ask.key, ask.lifetime, false)
  return 'minted', 0
end
`;
