/** The answer to a client, with what every answer has. */
import { ServerResponse } from 'node:http';
import { writeSpliced } from '../../core/json/raw-json.ts';
import { Leaving } from '../../core/turns/leaving.ts';
import { newRequestId } from './context.ts';

export class ClientResponse extends ServerResponse {
  readonly requestId = newRequestId();
  /** Aborted by the server when the client leaves. */
  readonly leaving = new Leaving();

  // biome-ignore lint/suspicious/noExplicitAny: node's two forms of it
  override writeHead(...given: any): this {
    if (!this.hasHeader('x-request-id')) this.setHeader('x-request-id', this.requestId);
    return super.writeHead(...(given as Parameters<ServerResponse['writeHead']>));
  }

  /**
   * The head as one list of names and values in turn. Where nothing was set before, node writes it as it stands, while headers that
   * are set one by one are kept twice and looked up again.
   */
  sendHead(status: number, headers: string[]): void {
    headers.push('x-request-id', this.requestId);
    super.writeHead(status, headers);
  }

  /** Prints the value and ends. `headers` are names and values in turn, without those that all JSON of ours has. */
  sendJson(status: number, headers: string[], value: unknown): void | Promise<void> {
    headers.push('cache-control', 'no-store', 'x-content-type-options', 'nosniff');
    return writeSpliced(this, value, (bytes) => {
      if (bytes !== undefined) headers.push('content-length', String(bytes));
      this.sendHead(status, headers);
    });
  }
}
