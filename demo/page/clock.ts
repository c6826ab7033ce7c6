/** Time and timers of the page, in one place. */
export const now = (): number => Date.now();

export function after(ms: number, run: () => void): () => void {
  const timer = setTimeout(() => run(), Math.max(0, ms));
  return () => clearTimeout(timer);
}
