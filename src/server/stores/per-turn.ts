/**
 * Gathers what one turn of the event loop brings, and hands it over together when its input has been read:
 *
 *     items   a b c          d e
 *     loop   ─┴─┴─┴─ abc ────┴─┴─ de ─
 */
export function perTurn<T>(leave: (items: T[]) => void): (item: T) => void {
  let waiting: T[] = [];
  return (item) => {
    waiting.push(item);
    if (waiting.length > 1) return;
    setImmediate(() => {
      const items = waiting;
      waiting = [];
      leave(items);
    });
  };
}
