import { expect, it } from 'vitest';
import { TallyBook } from './tally.js';

it('counts six requests for one credential as one expiry, and the next credential as the next', () => {
  const book = new TallyBook();
  for (let i = 0; i < 6; i += 1) book.arrived('each', 'a');
  for (let i = 0; i < 6; i += 1) book.answered('each', 'a', i > 0);
  expect(book.of('each')).toMatchObject({ expiry: 1, requests: 6, thrownOut: 5, answered: 6 });
  book.arrived('each', 'b');
  expect(book.of('each')).toMatchObject({ expiry: 2, requests: 1, thrownOut: 0, total: { requests: 7, thrownOut: 5 } });
});

it('keeps a late answer out of the newer expiry, and in the total', () => {
  const book = new TallyBook();
  book.arrived('each', 'a');
  book.arrived('each', 'b');
  book.answered('each', 'a', true);
  expect(book.of('each')).toMatchObject({ expiry: 2, thrownOut: 0, answered: 0, total: { requests: 2, thrownOut: 1 } });
});

it('keeps the stages apart', () => {
  const book = new TallyBook();
  book.arrived('together', '7');
  expect(book.of('each').expiry).toBe(0);
  expect(book.of('together')).toMatchObject({ expiry: 1, requests: 1 });
});

it('hands out copies: a listener cannot change the book', () => {
  const book = new TallyBook();
  book.subscribe((tally) => {
    tally.requests = 99;
    tally.total.requests = 99;
  });
  book.arrived('each', 'a');
  expect(book.of('each')).toMatchObject({ requests: 1, total: { requests: 1 } });
});

it('adds up what each node has carried out', () => {
  const book = new TallyBook(2);
  expect(book.of('together').byNode).toEqual([0, 0]);
  for (const [key, node] of [['1', 1], ['2', 2], ['3', 1]] as const) {
    book.arrived('together', key);
    book.carriedOut('together', node);
  }
  expect(book.of('together')).toMatchObject({ byNode: [2, 1], total: { requests: 3 } });
  expect(book.of('each').byNode).toEqual([]);
});
