type Env = Record<string, string | undefined>;
export function chromiumCandidates(env?: Env): string[];
export function findChromium(env?: Env): string | undefined;
export function chromiumPath(): string;
export function findFirefox(env?: Env): string | undefined;
export function firefoxPath(): string;
export function findRedis(env?: Env): string | undefined;
export function redisPath(): string;
export function onPath(name: string, env?: Env): string | undefined;
