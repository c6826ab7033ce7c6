/**
 * Messages where the browser has no BroadcastChannel, through the package of that name. Its IndexedDB
 * and localStorage transports leave messages on disk, so no token may travel: only hints.
 */
import { BroadcastChannel as PackageChannel } from 'broadcast-channel';
import type { Channel } from '../../core/ports.js';

export const createPackageChannel = (name: string): Channel => {
  let channel: PackageChannel<unknown> | undefined;
  const close = () => {
    void channel?.close();
    channel = undefined;
  };
  return {
    carriesTokens: false,
    post(message) {
      // A hint that cannot be sent is a message that was lost.
      channel?.postMessage(message).catch(() => {});
    },
    open(onMessage) {
      close();
      channel = new PackageChannel(name);
      channel.onmessage = onMessage;
    },
    close,
  };
};
