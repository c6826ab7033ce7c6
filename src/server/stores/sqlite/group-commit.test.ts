import { describe, expect, test } from 'vitest';
import { eager, full, notebook } from '../../testing/sqlite-notebook.js';
import { SqliteBusyError } from './connection.js';
import { groupCommit } from './group-commit.js';

describe('group commit', () => {
  test('what arrives together shares one transaction, and each gets its own answer', async () => {
    const { lines, connection } = notebook();
    const commits = groupCommit(connection, eager);
    const answers = await Promise.all([1, 2, 3].map((n) => commits.write(() => (lines.push(`write ${n}`), n * 10))));
    expect(answers).toEqual([10, 20, 30]);
    expect(lines).toEqual(['BEGIN IMMEDIATE', 'write 1', 'write 2', 'write 3', 'COMMIT']);
  });

  test('nobody is answered before the commit', async () => {
    const { lines, connection } = notebook();
    await groupCommit(connection, eager).write(() => 1);
    expect(lines.at(-1)).toBe('COMMIT');
  });

  test('one that fails takes nobody with it, and leaves nothing of itself behind', async () => {
    const { lines, connection } = notebook();
    const commits = groupCommit(connection, eager);
    const answers = await Promise.allSettled([
      commits.write(() => 'a'),
      commits.write(() => {
        lines.push('half');
        throw new Error('broken row');
      }),
      commits.write(() => 'c'),
    ]);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual(['a', 'Error: broken row', 'c']);
    expect(lines).toEqual(['BEGIN IMMEDIATE', 'half', 'ROLLBACK', 'BEGIN IMMEDIATE', 'COMMIT']);
  });

  test('a locked file is waited for; the write then runs once', async () => {
    const { lines, connection, fail } = notebook();
    fail('BEGIN IMMEDIATE', new SqliteBusyError('busy'), new SqliteBusyError('busy'));
    await groupCommit(connection, eager).write(() => lines.push('write'));
    expect(lines).toEqual(['BEGIN IMMEDIATE', 'BEGIN IMMEDIATE', 'BEGIN IMMEDIATE', 'write', 'COMMIT']);
  });

  test('a file that stays locked is an outage for all who wait', async () => {
    const { connection, fail } = notebook();
    fail('BEGIN IMMEDIATE', ...Array.from({ length: 1_000 }, () => new SqliteBusyError('locked')));
    const commits = groupCommit(connection, eager);
    const answers = await Promise.allSettled([commits.write(() => 1), commits.write(() => 2)]);
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
  });

  test('a commit that fails is an outage for its group, and the next one begins anew', async () => {
    const { lines, connection, fail } = notebook();
    fail('COMMIT', full);
    const commits = groupCommit(connection, eager);
    const answers = await Promise.allSettled([commits.write(() => 1), commits.write(() => 2)]);
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await commits.write(() => 3)).toBe(3);
    expect(lines).toEqual(['BEGIN IMMEDIATE', 'COMMIT', 'ROLLBACK', 'BEGIN IMMEDIATE', 'COMMIT']);
  });

  test('a group has an end: the lock is not held for thousands', async () => {
    const { lines, connection } = notebook();
    const commits = groupCommit(connection, eager);
    await Promise.all(Array.from({ length: 600 }, () => commits.write(() => 0)));
    expect(lines.filter((line) => line === 'COMMIT')).toHaveLength(3);
  });
});
