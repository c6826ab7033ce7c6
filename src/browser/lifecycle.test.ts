/** What a context finds out about itself, from the globals it is born with. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLifecycle } from './lifecycle.js';

afterEach(() => vi.unstubAllGlobals());

describe('a worker', () => {
  it.each([
    ['worker', {}],
    ['shared_worker', { onconnect: null }],
    ['service_worker', { clients: {} }],
  ] as const)('knows itself as %s: never visible, always active, below nobody', (kind, globals) => {
    vi.stubGlobal('self', Object.assign(new EventTarget(), globals));
    const lifecycle = createLifecycle();
    expect([lifecycle.kind, lifecycle.visible(), lifecycle.active(), lifecycle.crossSite]).toEqual([kind, false, true, false]);
  });

  it('hears that the network is back', () => {
    const self = new EventTarget();
    vi.stubGlobal('self', self);
    const events: string[] = [];
    const cancel = createLifecycle().listen((event) => events.push(event));
    self.dispatchEvent(new Event('online'));
    cancel();
    self.dispatchEvent(new Event('online'));
    expect(events).toEqual(['online']);
  });
});

describe('a document', () => {
  /** Windows from the top down; `foreign` ones cannot be looked into. */
  const nest = (...windows: ('own' | 'foreign')[]) => {
    let above: { parent?: unknown } | undefined;
    for (const kind of windows) {
      const window = Object.defineProperty({} as { parent?: unknown }, 'document', {
        get() {
          if (kind === 'foreign') throw new DOMException('cross-origin', 'SecurityError');
          return {};
        },
      });
      window.parent = above ?? window;
      above = window;
    }
    vi.stubGlobal('document', { visibilityState: 'visible' });
    vi.stubGlobal('self', above);
    vi.stubGlobal('parent', above!.parent);
    return createLifecycle();
  };

  it.each([
    [['own'], 'page', false],
    [['own', 'own'], 'iframe', false],
    [['own', 'own', 'own'], 'iframe', false],
    [['foreign', 'own'], 'iframe', true],
    [['foreign', 'own', 'own'], 'iframe', true],
    [['own', 'foreign', 'own'], 'iframe', true],
  ] as const)('%j is a %s, below a foreign one: %s', (windows, kind, crossSite) => {
    const lifecycle = nest(...windows);
    expect([lifecycle.kind, lifecycle.crossSite]).toEqual([kind, crossSite]);
  });
});
