type Env = Record<string, string | undefined>;
export function chromiumCandidates(env?: Env): string[];
export function findChromium(env?: Env): string | undefined;
export function headlessPath(env?: Env): string;
export function chromiumPath(): string;
export function findFirefox(env?: Env): string | undefined;
export function firefoxPath(): string;
export interface Webkit {
  driver: string;
  display: string;
  browser: string;
}
export function findWebkit(env?: Env): Webkit | undefined;
export function webkitPaths(): Webkit;
export function findRedis(env?: Env): string | undefined;
export function redisPath(): string;
export function onPath(name: string, env?: Env): string | undefined;
