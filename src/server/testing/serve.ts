/** An endpoint on a real loopback port, for those who have to reach it over the network. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nodeListener, type NodeMountable } from '../node.js';

export interface Served {
  origin: string;
  mount(endpoint: NodeMountable): void;
  close(): Promise<void>;
}

export async function serveEndpoint(): Promise<Served> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    mount: (endpoint) => void server.on('request', nodeListener(endpoint)),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
