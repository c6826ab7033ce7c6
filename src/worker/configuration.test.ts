import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Clock, Ledger } from '../core/ports.js';
import { createConfiguration as create } from './configuration.js';
import { planOf, type Plan } from './plan.js';

beforeEach(() => vi.stubGlobal('location', new URL('https://app.example/tabaton-sw.js')));
afterEach(() => vi.unstubAllGlobals());

const config = (path: string) => ({ endpoint: '/auth', apis: [{ origin: 'https://app.example', path }], mode: 'attach' });
const disk = (stored?: unknown) => {
  const state = { stored, writes: 0 };
  const ledger: Ledger = {
    read: async () => state.stored,
    update: async (change) => {
      state.writes += 1;
      return (state.stored = change(state.stored));
    },
  };
  return { state, ledger };
};
/** A second passes when the test says so. */
const timers = new Set<() => void>();
const clock = { after: (_: number, run: () => void) => (timers.add(run), () => timers.delete(run)) } as unknown as Clock;
const aSecond = () => [...timers].forEach((run) => run());
const createConfiguration = (own: Plan | undefined, ledger: Ledger) => create(own, ledger, clock);
const pathOf = (of: ReturnType<typeof createConfiguration>) => of.plan?.config.apis[0]?.path;

it('remembers across a restart what a page said', async () => {
  const { ledger } = disk();
  const first = createConfiguration(undefined, ledger);
  await first.accept(config('/v1'));
  const second = createConfiguration(undefined, ledger);
  expect(second.plan).toBeUndefined();
  await second.loading;
  expect(pathOf(second)).toBe('/v1');
  expect(second.loading).toBeUndefined();
});

it('a page that is faster than the disk wins', async () => {
  const { ledger, state } = disk(config('/old'));
  const settings = createConfiguration(undefined, ledger);
  const accepted = settings.accept(config('/new'));
  await settings.loading;
  expect(pathOf(settings), 'before anything that was held is decided').toBe('/new');
  await accepted;
  expect(state.stored).toEqual(config('/new'));
});

it('the same word again keeps the plan and writes nothing', async () => {
  const { ledger, state } = disk();
  const settings = createConfiguration(undefined, ledger);
  await settings.accept(config('/v1'));
  const { plan } = settings;
  await settings.accept(config('/v1'));
  expect(settings.plan).toBe(plan);
  expect(state.writes).toBe(1);
});

it('settings in the worker’s own code cannot be changed by a page', async () => {
  const { ledger, state } = disk(config('/disk'));
  const settings = createConfiguration(planOf(config('/own')), ledger);
  await settings.loading;
  await settings.accept(config('/page'));
  expect(settings.plan?.config).toEqual(config('/own'));
  expect(state.stored, 'nor is it written down for a script without settings').toBeUndefined();
});

it('a disk that fails leaves the worker waiting for a page', async () => {
  const settings = createConfiguration(undefined, { read: () => Promise.reject(new Error('no')), update: () => Promise.reject(new Error('no')) });
  await settings.loading;
  expect(settings.plan).toBeUndefined();
  await settings.accept(config('/v1'));
  expect(pathOf(settings)).toBe('/v1');
});

it('a disk that does not answer is waited for a second; then what a page said counts', async () => {
  const settings = createConfiguration(undefined, { read: () => new Promise(() => {}), update: () => new Promise(() => {}) });
  const held = settings.loading!.then(() => pathOf(settings));
  const accepted = settings.accept(config('/v1'));
  aSecond();
  expect(await held).toBe('/v1');
  aSecond();
  expect(await accepted).toBeUndefined();
  expect(settings.loading).toBeUndefined();
});

it('what could not be written is written when it is said again', async () => {
  const { ledger, state } = disk();
  const settings = createConfiguration(undefined, { ...ledger, update: vi.fn(ledger.update).mockRejectedValueOnce(new Error('full')) });
  await settings.accept(config('/v1'));
  expect(state.stored).toBeUndefined();
  await settings.accept(config('/v1'));
  expect(state.stored).toEqual(config('/v1'));
});

describe('a sealed worker', () => {
  const sealed = (path: string | undefined, more: object = {}) => ({ ...config('/v1'), apis: [{ origin: 'https://app.example', path }], mode: 'sealed', ...more });
  const elsewhere = { apis: [{ origin: 'https://evil.example' }] };

  it.each([
    ['the mode attach', config('/v1')],
    ['another origin', sealed('/v1', elsewhere)],
    ['another origin beside its own', sealed('/v1', { apis: [{ origin: 'https://app.example', path: '/v1' }, ...elsewhere.apis] })],
    ['another origin, in attach', { ...config('/v1'), ...elsewhere }],
    ['a wider path', sealed('/')],
    ['every path', sealed(undefined)],
    ['a sibling path', sealed('/v10')],
    ['another endpoint', sealed('/v1', { endpoint: 'https://evil.example/auth' })],
  ])('keeps what it has when a message asks for %s', async (_, asked) => {
    const { ledger, state } = disk(sealed('/v1'));
    const settings = createConfiguration(undefined, ledger);
    expect(await settings.accept(asked), 'while the disk is asked').toBe('sealed');
    expect(await settings.accept(asked)).toBe('sealed');
    expect(settings.plan?.config).toEqual(sealed('/v1'));
    expect(state.stored).toEqual(sealed('/v1'));
    const own = createConfiguration(planOf(sealed('/v1')), disk().ledger);
    await own.accept(asked);
    expect(own.plan?.config).toEqual(sealed('/v1'));
  });

  it('goes along with the same, and with less', async () => {
    const settings = createConfiguration(undefined, disk(sealed('/v1')).ledger);
    for (const less of [sealed('/v1'), sealed('/v1', { timeout: 5 }), sealed('/v1/me')]) {
      expect(await settings.accept(less)).toBeUndefined();
      expect(settings.plan?.config).toEqual(less);
    }
  });

  it('made quiet stays sealed, also after a restart: nothing can be added', async () => {
    const { ledger } = disk(sealed('/v1'));
    const settings = createConfiguration(undefined, ledger);
    await settings.accept({ ...config('/v1'), apis: [] });
    for (const of of [settings, createConfiguration(undefined, ledger)]) {
      expect(await of.accept({ ...config('/v1'), ...elsewhere })).toBe('sealed');
      expect(of.plan?.config).toEqual(sealed('/v1', { quiet: true }));
    }
    expect(await settings.accept(sealed('/v1'))).toBeUndefined();
    expect(settings.plan?.config).toEqual(sealed('/v1'));
  });
});

it('a worker configured in its code can be made quiet by a page, is so when it is started again, and is woken by a page', async () => {
  const { ledger } = disk();
  const settings = createConfiguration(planOf(config('/own')), ledger);
  await settings.accept({ ...config('/page'), apis: [] });
  expect(settings.plan?.config).toEqual({ ...config('/own'), quiet: true });
  const restarted = createConfiguration(planOf(config('/own')), ledger);
  await restarted.loading;
  expect(restarted.plan?.config.quiet).toBe(true);
  await restarted.accept(config('/page'));
  for (const of of [restarted, createConfiguration(planOf(config('/own')), ledger)]) {
    await of.loading;
    expect(of.plan?.config).toEqual(config('/own'));
  }
});

it('a new script of such a worker does not know that an older one was made quiet', async () => {
  const { ledger, state } = disk({ ...config('/own'), quiet: true });
  const settings = createConfiguration(planOf(config('/own')), ledger);
  await settings.forget();
  expect(settings.plan?.config).toEqual(config('/own'));
  expect(state.stored).toBeUndefined();
});
