import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMetrics } from './metrics.js';

interface Panel {
  id: number;
  title: string;
  gridPos: { x: number; y: number };
  targets: { expr: string; legendFormat: string }[];
}
const dashboard = JSON.parse(readFileSync(new URL('../../../ops/dashboard.json', import.meta.url), 'utf8')) as { uid: string; panels: Panel[] };
const text = createMetrics({ open: true }).text();
const names = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
const exprs = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

test('the dashboard shows every metric, and none that does not exist', () => {
  const used = new Set(exprs.flatMap((expr) => [...expr.replace(/by \(\w+\)/g, '').matchAll(/\b([a-z]+(?:_[a-z]+)+)(?=[{[)])/g)].map(([, name]) => name!.replace(/_bucket$/, ''))));
  expect([...used].sort()).toEqual([...names].sort());
});

test('it asks for labels and values that exist', () => {
  for (const expr of exprs) {
    for (const [, label] of expr.matchAll(/by \((\w+)\)/g)) expect(text).toMatch(new RegExp(`[{,]${label}="`));
    for (const [, label] of expr.matchAll(/[{,](\w+)(?:=~|!~|=|!=)"/g)) expect(text).toMatch(new RegExp(`[{,]${label}="`));
  }
  for (const { targets } of dashboard.panels) {
    for (const { expr, legendFormat } of targets) for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(expr).toContain(`by (${label})`);
  }
});

test('no two panels share a place or a number', () => {
  expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  expect(new Set(dashboard.panels.map(({ gridPos: { x, y } }) => `${x} ${y}`)).size).toBe(dashboard.panels.length);
});
