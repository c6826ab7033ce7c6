/** The browser's own BroadcastChannel: tokens may travel, nothing of it ever touches a disk. */
import type { Channel } from '../core/ports.js';

export const createChannel = (name: string): Channel => {
  let channel: BroadcastChannel | undefined;
  const close = () => {
    channel?.close();
    channel = undefined;
  };
  return {
    carriesTokens: true,
    post: (message) => channel?.postMessage(message),
    open(onMessage) {
      close();
      try {
        channel = new BroadcastChannel(name);
        channel.onmessage = (event) => onMessage(event.data);
      } catch {
        // Firefox refuses it where cookies are blocked: each context then asks the endpoint for itself.
      }
    },
    close,
  };
};
