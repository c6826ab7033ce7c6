import { type Command, optionsOf, type Subject, subject } from './subject.js';

declare global {
  interface Window {
    subject: Subject;
    workers: Map<string, Worker>;
    /** Asks a worker of this page. */
    remote: Map<string, (command: Command, args: unknown[]) => Promise<unknown>>;
    spawn: typeof spawn;
  }
}

window.subject = subject(optionsOf(location.href));
window.workers = new Map();
window.remote = new Map();
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
    return talk(name, worker);
  }
  return talk(name, new SharedWorker(`/built/shared.js${query}`, { type: 'module', name }).port);
}

/** Resolves when the other side says that it is ready. */
function talk(name: string, port: Worker | MessagePort): Promise<void> {
  const replies = new Map<number, (value: unknown) => void>();
  let calls = 0;
  const ready = new Promise((resolve) => replies.set(0, resolve));
  port.onmessage = ({ data }: MessageEvent<{ id: number; value: unknown }>) => replies.get(data.id)?.(data.value);
  window.remote.set(name, (command, args) => {
    calls += 1;
    const id = calls;
    port.postMessage({ id, command, args });
    return new Promise((resolve) => replies.set(id, resolve));
  });
  return ready as Promise<void>;
}
