import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Ledger } from '../core/ports.js';
import { createConfiguration } from './configuration.js';
import { planOf } from './plan.js';

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
const pathOf = (of: ReturnType<typeof createConfiguration>) => of.plan?.config.apis[0]?.path;

it('remembers across a restart what a page said', async () => {
  const { ledger } = disk();
  const first = createConfiguration(undefined, ledger);
  expect(await first.accept(config('/v1'))).toBe(true);
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
  expect(pathOf(settings)).toBe('/new');
  await accepted;
  expect(pathOf(settings)).toBe('/new');
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
  expect(settings.loading).toBeUndefined();
  expect(await settings.accept(config('/page'))).toBe(false);
  expect(pathOf(settings)).toBe('/own');
  expect(state.writes).toBe(0);
});

it('a disk that fails leaves the worker waiting for a page', async () => {
  const settings = createConfiguration(undefined, { read: () => Promise.reject(new Error('no')), update: () => Promise.reject(new Error('no')) });
  await settings.loading;
  expect(settings.plan).toBeUndefined();
  expect(await settings.accept(config('/v1'))).toBe(true);
  expect(pathOf(settings)).toBe('/v1');
});
