/** What every clock must do. */
import { describe, expect, it } from 'vitest';
import type { Clock } from '../../core/ports.js';
import { collector, type Passage } from './subject.js';

export const clockContract = (title: string, setup: () => Passage & { clock: Clock }): void => {
  describe(`clock contract: ${title}`, () => {
    it('counts on, in milliseconds of both kinds', async () => {
      const { clock, pass } = setup();
      const [monotonic, wall] = [clock.monotonic(), clock.wall()];
      await pass(20);
      expect(clock.monotonic()).toBeGreaterThan(monotonic);
      expect(clock.wall()).toBeGreaterThan(wall);
      expect(clock.wall()).toBeGreaterThan(1_600_000_000_000);
    });

    it('runs a timer once, in order of what is due, and never at once', async () => {
      const { clock, pass, within } = setup();
      const ran = collector<string>();
      clock.after(20, () => ran.add('later'));
      clock.after(1, () => ran.add('sooner'));
      expect(ran.items).toEqual([]);
      await within(ran.reaches(2));
      await pass(20);
      expect(ran.items).toEqual(['sooner', 'later']);
    });

    it('a cancelled timer does not run, and cancelling again does no harm', async () => {
      const { clock, pass, within } = setup();
      const ran = collector<string>();
      const cancel = clock.after(5, () => ran.add('cancelled'));
      cancel();
      cancel();
      clock.after(10, () => ran.add('kept'));
      await within(ran.reaches(1));
      await pass(10);
      expect(ran.items).toEqual(['kept']);
    });

    it.each([2 ** 31, 2 ** 33, Infinity])('a delay of %d ms is long, not none', async (ms) => {
      const { clock, pass } = setup();
      let ran = false;
      const cancel = clock.after(ms, () => (ran = true));
      await pass(20);
      cancel();
      expect(ran).toBe(false);
    });
  });
};
