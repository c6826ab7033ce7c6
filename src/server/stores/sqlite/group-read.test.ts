import { describe, expect, test } from 'vitest';
import { eager, full, notebook } from '../../testing/sqlite-notebook.js';
import { SqliteBusyError } from './connection.js';
import { groupRead } from './group-read.js';

describe('group read', () => {
  test('what arrives together shares one look, and each gets its own answer', async () => {
    const { lines, connection } = notebook();
    const reads = groupRead(connection, eager);
    const answers = await Promise.all([1, 2, 3].map((n) => reads.read(() => (lines.push(`read ${n}`), n * 10))));
    expect(answers).toEqual([10, 20, 30]);
    expect(lines).toEqual(['BEGIN', 'read 1', 'read 2', 'read 3', 'COMMIT']);
  });

  test('one that is alone needs no transaction', async () => {
    const { lines, connection } = notebook();
    expect(await groupRead(connection, eager).read(() => lines.push('read'))).toBe(1);
    expect(lines).toEqual(['read']);
  });

  test('a look is at what is there after it was asked for', async () => {
    const { connection } = notebook();
    let committed = 'old';
    const found = groupRead(connection, eager).read(() => committed);
    committed = 'new';
    expect(await found).toBe('new');
  });

  test('one that fails takes nobody with it, and no transaction stays open', async () => {
    const { lines, connection } = notebook();
    const reads = groupRead(connection, eager);
    const broken = () => {
      throw new Error('broken row');
    };
    const answers = await Promise.allSettled([reads.read(() => 'a'), reads.read(broken), reads.read(() => 'c')]);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual(['a', 'Error: broken row', 'c']);
    expect(lines).toEqual(['BEGIN', 'ROLLBACK']);
  });

  test('a locked file is waited for', async () => {
    const { lines, connection, fail } = notebook();
    fail('BEGIN', new SqliteBusyError('busy'));
    const reads = groupRead(connection, eager);
    expect(await Promise.all([reads.read(() => 1), reads.read(() => 2)])).toEqual([1, 2]);
    expect(lines).toEqual(['BEGIN', 'ROLLBACK', 'BEGIN', 'COMMIT']);
  });

  test('a file that fails is an outage for all who wait', async () => {
    const { connection } = notebook();
    const reads = groupRead(connection, eager);
    const down = () => {
      throw full;
    };
    const answers = await Promise.allSettled([reads.read(down), reads.read(down)]);
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable' } });
  });
});
