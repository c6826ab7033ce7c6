import { type Command, optionsOf, type Subject, subject } from './subject.js';

declare global {
  interface Window {
    subject: Subject;
    workers: Map<string, Worker>;
    shared: Map<string, (command: Command, args: unknown[]) => Promise<unknown>>;
    spawn: typeof spawn;
  }
}

window.subject = subject(optionsOf(location.href));
window.workers = new Map();
window.shared = new Map();
window.spawn = spawn;

/** Adds another context of this origin to the page; resolves when it answers. */
async function spawn(kind: 'iframe' | 'worker' | 'shared', name: string, options: string): Promise<void> {
  const query = `?name=${name}&options=${encodeURIComponent(options)}`;
  if (kind === 'iframe') {
    const frame = document.createElement('iframe');
    frame.name = name;
    frame.src = `/${query}`;
    const loaded = new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
    document.body.append(frame);
    await loaded;
    return;
  }
  if (kind === 'worker') {
    const worker = new Worker(`/built/dedicated.js${query}`, { type: 'module', name });
    window.workers.set(name, worker);
    await new Promise((resolve) => worker.addEventListener('message', resolve, { once: true }));
    return;
  }
  const shared = new SharedWorker(`/built/shared.js${query}`, { type: 'module', name });
  const replies = new Map<number, (value: unknown) => void>();
  let calls = 0;
  const ready = new Promise((resolve) => replies.set(0, resolve));
  shared.port.onmessage = ({ data }: MessageEvent<{ id: number; value: unknown }>) => replies.get(data.id)?.(data.value);
  window.shared.set(name, (command, args) => {
    calls += 1;
    const id = calls;
    shared.port.postMessage({ id, command, args });
    return new Promise((resolve) => replies.set(id, resolve));
  });
  await ready;
}
