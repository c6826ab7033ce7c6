/** What every channel must do. */
import { afterEach, describe, expect, it } from 'vitest';
import { PROTOCOL, type Message } from '../../core/messages.js';
import type { Channel } from '../../core/ports.js';
import { collector, type Passage } from './subject.js';

export interface ChannelSubject extends Passage {
  first: Channel;
  second: Channel;
  carriesTokens: boolean;
}

const message = (have: number): Message => ({ type: 'TOKEN_REQUEST', key: '', have, protocol: PROTOCOL, from: 'test', incarnation: 'i' });

export const channelContract = (title: string, setup: () => ChannelSubject | Promise<ChannelSubject>): void => {
  describe(`channel contract: ${title}`, () => {
    let ends: Channel[] = [];
    const begin = async () => {
      const subject = await setup();
      ends = [subject.first, subject.second];
      return subject;
    };
    afterEach(() => {
      for (const end of ends) end.close();
    });

    it('delivers to the other context, in order, and not to the sender', async () => {
      const { first, second, within, pass } = await begin();
      const here = collector<unknown>();
      const there = collector<unknown>();
      first.open(here.add);
      second.open(there.add);
      await pass(30);
      for (let i = 0; i < 5; i++) first.post(message(i));
      await within(there.reaches(5));
      expect(there.items).toEqual([0, 1, 2, 3, 4].map(message));
      expect(here.items).toEqual([]);
    });

    it('keeps nothing for those who do not listen yet', async () => {
      const { first, second, within, pass } = await begin();
      first.open(() => {});
      await pass(30);
      first.post(message(1));
      await pass(30);
      const there = collector<unknown>();
      second.open(there.add);
      await pass(30);
      first.post(message(2));
      await within(there.reaches(1));
      expect(there.items).toEqual([message(2)]);
    });

    it('is silent after close, both ways, and speaks again after another open', async () => {
      const { first, second, within, pass } = await begin();
      const before = collector<unknown>();
      const here = collector<unknown>();
      const after = collector<unknown>();
      first.open(here.add);
      second.open(before.add);
      await pass(30);
      second.close();
      first.post(message(1));
      second.post(message(9));
      await pass(30);
      second.open(after.add);
      await pass(30);
      first.post(message(2));
      await within(after.reaches(1));
      expect([before.items, here.items, after.items]).toEqual([[], [], [message(2)]]);
    });

    it('a second open replaces the listener', async () => {
      const { first, second, within, pass } = await begin();
      const old = collector<unknown>();
      const now = collector<unknown>();
      first.open(() => {});
      second.open(old.add);
      second.open(now.add);
      await pass(30);
      first.post(message(1));
      await within(now.reaches(1));
      expect([old.items, now.items]).toEqual([[], [message(1)]]);
    });

    it('says whether tokens may travel', async () => {
      const { first, carriesTokens } = await begin();
      expect(first.carriesTokens).toBe(carriesTokens);
    });
  });
};
