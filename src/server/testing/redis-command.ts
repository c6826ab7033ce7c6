/** One command to a Redis, over a plain socket: what the tests say to the server must not depend on a client under test. */
import { connect } from 'node:net';

export function redisCommand(port: number, command: readonly string[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (chunk: string) => {
      received += chunk;
      const parsed = parse(received, 0);
      if (!parsed) return;
      socket.destroy();
      if (parsed.value instanceof Error) reject(parsed.value);
      else resolve(parsed.value);
    });
    socket.write(`*${command.length}\r\n${command.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`);
  });
}

/** One RESP2 value, or undefined when it is not complete. Lengths are taken for characters: replies to tests are ASCII. */
function parse(text: string, from: number): { value: unknown; end: number } | undefined {
  const line = text.indexOf('\r\n', from);
  if (line < 0) return undefined;
  const head = text.slice(from + 1, line);
  const after = line + 2;
  switch (text[from]) {
    case '+':
      return { value: head, end: after };
    case '-':
      return { value: new Error(head), end: after };
    case ':':
      return { value: Number(head), end: after };
    case '$': {
      if (head === '-1') return { value: null, end: after };
      const end = after + Number(head);
      return text.length < end + 2 ? undefined : { value: text.slice(after, end), end: end + 2 };
    }
    default: {
      const values: unknown[] = [];
      let at = after;
      for (let left = Number(head); left > 0; left -= 1) {
        const item = parse(text, at);
        if (!item) return undefined;
        values.push(item.value);
        at = item.end;
      }
      return { value: values, end: at };
    }
  }
}
