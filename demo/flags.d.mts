/** `nodes` is set when the right stage runs on Redis. */
export function readFlags(args: string[]): { port: number; nodes?: number };
