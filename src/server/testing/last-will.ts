import { spawn } from 'node:child_process';

/**
 * What is left to do when this process is gone, however it went (SIGKILL leaves it no time): the process `pid` is killed and
 * its `folder` removed. A shell waits at the other end of a pipe, into which nobody writes and which ends with this process.
 * @returns Revokes it. Due as soon as the process has ended: its number may become another one's.
 */
export function lastWill(pid: number, folder: string): () => void {
  const executor = spawn('/bin/sh', ['-c', 'read -r _; kill -KILL "$0"; rm -rf "$1"', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Out of the terminal's process group: a Ctrl+C is for those who are to end, not for who sees to it.
    detached: true,
  });
  executor.unref();
  return () => void executor.kill('SIGKILL');
}
