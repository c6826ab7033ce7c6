/** Reads the alert rules of ops/alerts.yml: the few shapes of YAML that file keeps to, and nothing else. */

export interface AlertRule {
  alert: string;
  expr: string;
  /** Milliseconds a result has to stand before it fires. */
  forMs: number;
  severity: string;
  summary: string;
  action: string;
}

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function duration(text: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (!count) throw new Error(`"${text}" is not a duration.`);
  return Number(count) * UNITS[unit!]!;
}

export function readRules(yaml: string): AlertRule[] {
  return yaml
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((block) => {
      const field = (name: string): string | undefined => new RegExp(`^\\s+${name}: (.+)$`, 'm').exec(block)?.[1];
      const must = (name: string): string => {
        const value = field(name);
        if (value === undefined) throw new Error(`A rule has no ${name}:\n${block}`);
        return value;
      };
      return {
        alert: /^\S+/.exec(block)![0],
        expr: must('expr'),
        forMs: duration(field('for') ?? '0s'),
        severity: must('severity'),
        summary: must('summary'),
        action: must('action'),
      };
    });
}
