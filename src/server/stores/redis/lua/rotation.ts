/**
 * Lua: `rotation.ts`, rule by rule. The reasons stand there; the two are compared on thousands of generated cases
 * by `differential.test.ts`.
 */
import { WINNERS_KEPT } from '../../../rotation.js';

export const ROTATION_LUA = `
local function contains(list, value)
  for _, item in ipairs(list) do
    if item == value then return true end
  end
  return false
end

local function slide(f)
  return math.min(now + f.idleMs, f.absoluteExpiry)
end

local function cachedSuffices(f, p, age)
  local cached = tokenOf(f, p.ask.key)
  if not cached then return false end
  local lifetime = cached[4] - cached[3]
  return cached[4] - now >= math.max(p.ask.minTtl, lifetime / 4) and age < lifetime
end

local function presentNewest(f, p)
  local age = now - f.rotatedAt
  if p.reason == 'startup' and cachedSuffices(f, p, age) then return 'cached', '', false end
  if age < p.floor then return 'coalesced', '', false end
  local attempt = p.ids[1]
  if contains(f.winners, attempt) then return 'spent', attempt, false end
  f.rot = f.rot + 1
  table.insert(f.winners, 1, attempt)
  while #f.winners > ${WINNERS_KEPT} do table.remove(f.winners) end
  f.rotatedAt = now
  f.healedAt = false
  f.idleExpiry = slide(f)
  return 'rotated', attempt, true
end

local function presentOlder(f, p)
  local behind = f.rot - p.rot
  local earlierShown = true
  for i = 2, behind do
    local winner = f.winners[i]
    if not winner or not contains(p.ids, winner) then
      earlierShown = false
      break
    end
  end
  local last = f.winners[1]
  if earlierShown and last and contains(p.ids, last) then
    f.idleExpiry = slide(f)
    local settled = contains(f.winners, p.ids[1]) and p.ids[1] or last
    return now - f.rotatedAt < p.floor and 'replayed' or 'spent', settled, true
  end
  if earlierShown and now - f.rotatedAt <= p.race then return 'raced', '', false end
  if f.healedAt and now - f.healedAt < p.floor then return 'raced', '', false end
  return 'reuse', '', true
end

local function heal(f, p)
  f.rot = p.rot
  f.winners = {}
  if #p.ids > 1 then
    for i = 2, math.min(#p.ids, ${1 + WINNERS_KEPT}) do f.winners[i - 1] = p.ids[i] end
  else
    f.winners[1] = p.ids[1]
  end
  f.rotatedAt = now
  f.healedAt = now
  f.idleExpiry = slide(f)
  return 'healed', '', true
end

-- Returns the decision, the settled id, and whether f has changed. Only \`spent\` that changed it sends a cookie.
local function present(f, p)
  if p.rot == f.rot then return presentNewest(f, p) end
  if p.rot < f.rot then return presentOlder(f, p) end
  return heal(f, p)
end
`;
