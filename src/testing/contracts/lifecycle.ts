/** What every lifecycle must tell. */
import { describe, expect, it } from 'vitest';
import type { ContextKind } from '../../contract/wire.js';
import type { Lifecycle, LifecycleEvent } from '../../core/ports.js';

export interface LifecycleSubject {
  lifecycle: Lifecycle;
  kind: ContextKind;
  hide(): void;
  show(): void;
  freeze(): void;
  thaw(): void;
  /** Into the back/forward cache and back. */
  cache(): void;
  restore(): void;
  online(): void;
}

export const lifecycleContract = (title: string, setup: () => LifecycleSubject): void => {
  const listen = (subject: LifecycleSubject) => {
    const events: LifecycleEvent[] = [];
    const cancel = subject.lifecycle.listen((event) => events.push(event));
    return { events, cancel };
  };

  describe(`lifecycle contract: ${title}`, () => {
    it('knows what it is', () => {
      const { lifecycle, kind } = setup();
      expect([lifecycle.kind, lifecycle.active(), lifecycle.crossSite]).toEqual([kind, true, false]);
    });

    it('tells visible from hidden', () => {
      const subject = setup();
      const { events, cancel } = listen(subject);
      subject.hide();
      expect(subject.lifecycle.visible()).toBe(false);
      subject.show();
      expect(subject.lifecycle.visible()).toBe(true);
      cancel();
      expect(events).toEqual(['hidden', 'visible']);
    });

    it('says `suspend` before it stands still and `resume` after, once each', () => {
      const subject = setup();
      const { events, cancel } = listen(subject);
      subject.freeze();
      subject.thaw();
      cancel();
      expect(events).toEqual(['suspend', 'resume']);
    });

    it('the back/forward cache is a suspension, too, once each', () => {
      const subject = setup();
      const { events, cancel } = listen(subject);
      subject.cache();
      subject.restore();
      cancel();
      expect(events.filter((event) => event === 'suspend' || event === 'resume')).toEqual(['suspend', 'resume']);
      expect(events[0]).toBe('suspend');
    });

    it('says when the network is back', () => {
      const subject = setup();
      const { events, cancel } = listen(subject);
      subject.online();
      cancel();
      expect(events).toEqual(['online']);
    });

    it('is silent after cancel', () => {
      const subject = setup();
      const { events, cancel } = listen(subject);
      cancel();
      subject.hide();
      subject.show();
      subject.freeze();
      subject.thaw();
      expect(events).toEqual([]);
    });
  });
};
