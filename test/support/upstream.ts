/** A real HTTP server on a loopback port that plays a service, and remembers what it was asked. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface ReceivedRequest {
  method: string;
  /** Path and query as they were sent. */
  target: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

type Play = (request: ReceivedRequest, response: ServerResponse, incoming: IncomingMessage) => void | Promise<void>;

export class Upstream {
  readonly received: ReceivedRequest[] = [];
  readonly sockets = new Set<Socket>();
  /** Answers that have neither ended nor lost their client. */
  readonly open = new Set<ServerResponse>();
  /** How requests are answered; tests set it as they need. */
  play: Play = (_request, response) => void response.end('{}');
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Upstream> {
    const server = createServer();
    const upstream = new Upstream(server);
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => upstream.#answer(incoming, response));
    server.on('connection', (socket: Socket) => {
      upstream.sockets.add(socket);
      socket.on('close', () => upstream.sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Answers every request alike. */
  answer(status: number, headers: Record<string, string>, body: string | Buffer = ''): void {
    this.play = (_request, response) => void response.writeHead(status, headers).end(body);
  }

  json(body: string, status = 200): void {
    this.answer(status, { 'content-type': 'application/json' }, body);
  }

  reset(): void {
    this.received.length = 0;
    this.play = (_request, response) => void response.end('{}');
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk);
    } catch {
      return;
    }
    const request = {
      method: incoming.method as string,
      target: incoming.url as string,
      headers: incoming.headers,
      body: Buffer.concat(chunks),
    };
    this.received.push(request);
    this.open.add(response);
    response.on('close', () => this.open.delete(response));
    await this.play(request, response, incoming);
  }
}

/** Waits until `check` holds; fails after two seconds. */
export async function eventually(check: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) {
    if (check()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`Waited in vain until ${what}.`);
}

/** Resolves when more may be written, or when the client has gone. */
export function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      response.off('drain', goOn).off('close', goOn);
      resolve();
    };
    response.on('drain', goOn).on('close', goOn);
  });
}
