/** The connections of clients: how many there may be, and how long one may leave us waiting. */
import type { ServerOptions, ServerResponse } from 'node:http';
import type { Server, Socket } from 'node:net';
import type { Gateway } from '../../../core/context.ts';
import { networkOf } from '../../../domains/limits/guard.ts';
import { isTrustedProxy, plainAddress } from '../context.ts';

export interface ClientTimeouts
  extends Required<Pick<ServerOptions, 'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout' | 'connectionsCheckingInterval'>> {
  /** A client that takes nothing of its answer for this long is gone. */
  stalledTimeout: number;
}

/** In milliseconds. The first two also end a connection on which nothing is ever sent. */
export const clientTimeouts: ClientTimeouts = {
  headersTimeout: 30_000,
  requestTimeout: 120_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 10_000,
  stalledTimeout: 60_000,
};

/** Ends the connection when its client has stopped reading. A call that takes long keeps it, since nothing waits to be read then. */
export function closeWhenStalled(response: ServerResponse, timeoutMs: number): void {
  response.setTimeout(timeoutMs, () => {
    if (response.socket && response.socket.writableLength > 0) response.socket.destroy();
  });
}

/** How long a client may take to read the last that it is sent (RFC 9112, section 9.6). */
const lingerMs = 1_000;

/** Sends a last text. A client that leaves its side open must not keep the connection. */
export function closeWith(socket: Socket, text: string): void {
  socket.end(text);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

/** A quarter of all connections is one address's share, so that one client cannot take every place. */
const sharesOfAll = 4;
const warnEveryMs = 60_000;

/** Closes what is above `connectionsMax` at once, and says so once per minute. */
export function limitConnections(gateway: Gateway, server: Server): void {
  const { connectionsMax } = gateway.config;
  const share = Math.ceil(connectionsMax / sharesOfAll);
  const counts = new Map<string, number>();
  let warnedAtMs = Number.NEGATIVE_INFINITY;
  const warn = (sentence: string) => {
    const nowMs = performance.now();
    if (nowMs - warnedAtMs < warnEveryMs) return;
    warnedAtMs = nowMs;
    gateway.log.warn(sentence);
  };

  server.maxConnections = connectionsMax;
  // Without it, Node would hand a connection from one full worker to the next for as long as all are (@types/node lacks the name).
  Object.assign(server, { dropMaxConnection: true });
  server.on('drop', () =>
    warn(
      `All ${connectionsMax} client connections are taken, so further ones are closed. SKILLETT_CONNECTIONS_MAX sets how many there may be.`,
    ),
  );
  server.on('connection', (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (isTrustedProxy(gateway, address)) return;
    const network = networkOf(address);
    const count = (counts.get(network) ?? 0) + 1;
    counts.set(network, count);
    socket.once('close', () => {
      const left = (counts.get(network) as number) - 1;
      if (left === 0) counts.delete(network);
      else counts.set(network, left);
    });
    if (count <= share) return;
    socket.destroy();
    warn(
      `${network} holds ${share} client connections, which is one address's share of SKILLETT_CONNECTIONS_MAX, so further ones of it are closed. If that is a proxy in front of Skillett, name it in TRUST_PROXY.`,
    );
  });
}
