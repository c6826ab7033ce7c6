/** Families: one row each, changed by the pure steps inside a transaction that holds the write lock. */
import { BoundedCache } from '../../bounded-cache.js';
import { endFamily, type FamilyRecord, serviceOf } from '../../families/family.js';
import { commitUpstream, forgetTokens, mintFor, presentFamily } from '../../families/present.js';
import type { Store } from '../../store.js';
import { textKey } from './connection.js';
import type { GroupCommit } from './group-commit.js';
import type { GroupRead } from './group-read.js';
import type { SqliteFile } from './open.js';
import type { Patience } from './patience.js';

const READ = 'SELECT record FROM family WHERE id = ? AND expires_at > ?';
const INSERT = 'INSERT INTO family (id, record, expires_at, seen_at, due_at, service) VALUES (?, ?, ?, ?, ?, ?)';
const UPDATE =
  'UPDATE family SET record = ?, seen_at = ?, due_at = ?, claimed_until = CASE WHEN ? THEN 0 ELSE claimed_until END WHERE id = ?';
/** Only if the record is still that text: what was decided about it holds then. */
const REPLACE = 'UPDATE family SET record = ?, seen_at = ?, due_at = ? WHERE id = ? AND expires_at > ? AND record = ?';
const INDEX = 'INSERT OR IGNORE INTO family_index (name, family) VALUES (?, ?)';
const FIND =
  'SELECT family.id FROM family_index JOIN family ON family.id = family_index.family WHERE family_index.name = ? AND family.expires_at > ?';
const CLAIM = `UPDATE family SET claimed_until = ? WHERE id IN (
    SELECT id FROM family WHERE service IS ? AND due_at <= ? AND seen_at >= ? AND claimed_until <= ? AND expires_at > ?
    ORDER BY seen_at DESC LIMIT ?
  ) RETURNING id, seen_at`;
const UNCLAIM = 'UPDATE family SET claimed_until = 0 WHERE id IN (SELECT value FROM json_each(?))';

interface Seen {
  readonly family: FamilyRecord;
  /** The row's. */
  readonly text: string;
}

type Stepped<A> = { family: FamilyRecord; answer: A };
type FamilyPart = Pick<
  Store,
  'create' | 'read' | 'find' | 'named' | 'present' | 'mint' | 'commit' | 'intend' | 'forget' | 'watch' | 'end' | 'claimDue' | 'unclaim'
>;

/** A row beside those of the indexes, under a name that none of them has. */
const sidIndex = (sid: string) => `sid:${sid}`;

export function sqliteFamilies(
  { durable, quick }: Pick<SqliteFile, 'durable' | 'quick'>,
  { write }: GroupCommit,
  { read }: GroupRead,
  { retry }: Patience,
  now: () => number,
): FamilyPart {
  /** Records as this process saw them last. Not what is true: what a change may be based on, if it still is when it is written. */
  const seen = new BoundedCache<Seen>(10_000);

  function look(id: string): Seen | undefined {
    const row = durable.row<{ record: string }>(READ, id, now());
    if (!row) return undefined;
    const before = seen.get(id);
    if (before?.text === row.record) return before;
    const found = { family: JSON.parse(row.record) as FamilyRecord, text: row.record };
    seen.set(id, found);
    return found;
  }
  const readNow = (id: string): FamilyRecord | undefined => look(id)?.family;

  /** Inside a write only. */
  function save(family: FamilyRecord, unclaim = false): void {
    durable.run(UPDATE, JSON.stringify(family), family.seenAt, family.dueAt, unclaim ? 1 : 0, family.id);
  }
  /** Inside a write only: takes the place of exactly this text. */
  function replace({ text }: Seen, family: FamilyRecord, at: number): boolean {
    const next = { family, text: JSON.stringify(family) };
    if (durable.run(REPLACE, next.text, family.seenAt, family.dueAt, family.id, at, text) !== 1) return false;
    // If the transaction fails after all, no record is this text, and nothing that is based on it will be written.
    seen.set(family.id, next);
    return true;
  }

  /**
   * Runs a pure step. First on what this process saw last, then on what is committed now: most presentations change
   * nothing (cached, coalesced), and then no lock is taken and no disk awaited; but only the committed record may say so.
   * What changes something is written if the record it was decided on is still there: nothing has happened to the family since,
   * so it counts as decided when it was asked for. Else it runs again, on what is there by now.
   */
  async function step<A>(
    id: string,
    run: (family: FamilyRecord, at: number) => Stepped<A>,
    unclaim: (answer: A) => boolean = () => false,
  ): Promise<A | { kind: 'unknown'; now: number }> {
    let basis = seen.get(id);
    let stepped = basis && run(basis.family, now());
    if (!basis || !stepped || stepped.family === basis.family) {
      basis = await read(() => look(id));
      if (!basis) return { kind: 'unknown', now: now() };
      stepped = run(basis.family, now());
      if (stepped.family === basis.family) return stepped.answer;
    }
    const [before, decided] = [basis, stepped];
    return write(() => {
      if (!unclaim(decided.answer) && replace(before, decided.family, now())) return decided.answer;
      const family = readNow(id);
      if (!family) return { kind: 'unknown', now: now() };
      const { family: next, answer } = run(family, now());
      if (next !== family) save(next, unclaim(answer));
      return answer;
    });
  }

  function discard(id: string): void {
    durable.run('DELETE FROM family_index WHERE family = ?', id);
    durable.run('DELETE FROM family WHERE id = ?', id);
  }

  const find = (index: string) => retry(() => quick.rows<{ id: string }>(FIND, textKey(index), now()).map(({ id }) => id));

  return {
    create: (family) =>
      write(() => {
        if (readNow(family.id)?.state === 'active') return 'exists';
        discard(family.id);
        durable.run(INSERT, family.id, JSON.stringify(family), family.absoluteExpiry, family.seenAt, family.dueAt, serviceOf(family));
        for (const index of [...family.indexes, sidIndex(family.sid)]) durable.run(INDEX, textKey(index), family.id);
        return 'created';
      }),
    read: (id) => retry(() => readNow(id)),
    find,
    named: async (sid) => (await find(sidIndex(sid)))[0],
    present: (id, presentation) => step(id, (family, at) => presentFamily(family, presentation, at)),
    mint: (id, ask) => step(id, (family, at) => mintFor(family, ask, at)),
    commit: (id, commit) =>
      step(id, (family, at) => commitUpstream(family, commit, at), ({ kind }) => kind === 'committed'),
    intend: (id, ver, pending) =>
      write(() => {
        const family = readNow(id);
        if (family?.state !== 'active' || family.upstream?.ver !== ver) return false;
        save({ ...family, upstream: { ...family.upstream, pending } });
        return true;
      }),
    async forget(id, gen) {
      await step(id, (family) => ({ family: forgetTokens(family, gen), answer: { kind: 'forgotten' } }));
    },
    watch: (id, forMs) =>
      write(() => {
        const family = readNow(id);
        if (family?.state === 'active') save({ ...family, watchedUntil: now() + forMs });
      }),
    end: (id, reason) =>
      write(() => {
        const family = readNow(id);
        if (family?.state !== 'active') return false;
        save(endFamily(family, reason, now()));
        return true;
      }),
    unclaim: (ids) =>
      retry(() => {
        quick.run(UNCLAIM, JSON.stringify(ids));
      }),
    claimDue: ({ service, withinMs, limit, leaseMs, seenWithinMs }) =>
      retry(() => {
        const at = now();
        const claimed = quick.rows<{ id: string; seen_at: number }>(
          CLAIM,
          at + leaseMs,
          service,
          at + withinMs,
          at - seenWithinMs,
          at,
          at,
          limit,
        );
        // RETURNING has no order of its own.
        return claimed.sort((a, b) => b.seen_at - a.seen_at).map(({ id }) => id);
      }),
  };
}
