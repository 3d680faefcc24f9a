/** An agent's conversation over MCP, with every token that its model reads and writes counted once. */
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import type { TokenStand } from './stand.ts';

export const countTokens = (text: string) => encode(text).length;

interface Answered {
  result?: { isError?: boolean; content?: { type: string; text: string }[]; tools?: DefinedTool[]; instructions?: string };
  error?: { message: string };
}

export interface DefinedTool {
  name: string;
  description?: string;
  inputSchema: object;
}

/** What a model gets of a tool; titles and hints are for clients. */
export function countDefinitions(tools: readonly DefinedTool[]): number {
  return countTokens(JSON.stringify(tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }))));
}

export class Session {
  readonly #stand: TokenStand;
  #id = 0;
  /** Results. */
  read = 0;
  /** Names and arguments of tools. */
  written = 0;
  calls = 0;
  /** Endpoints that `find` named without their signature. */
  readonly named: string[] = [];

  constructor(stand: TokenStand) {
    this.#stand = stand;
  }

  /** Tokens that every conversation begins with. */
  async countFixed(): Promise<number> {
    const clientInfo = { name: 'bench', version: '1' };
    const hello = await this.#ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo });
    const { tools = [] } = await this.#ask('tools/list', {});
    return countDefinitions(tools) + countTokens(hello.instructions ?? '');
  }

  /** `find`, which must show these endpoints; of one that it names only, it is asked once more, as an agent would. */
  async find(want: string[], ...endpoints: string[]): Promise<void> {
    const text = await this.call('find', { want });
    for (const endpoint of endpoints) {
      if (text.includes(`${endpoint}(`)) continue;
      if (!text.includes(endpoint)) throw new Error(`find does not name ${endpoint}:\n${text}`);
      this.named.push(endpoint);
      await this.call('find', { endpoint });
    }
  }

  /** The text that the model gets. */
  async call(name: string, args: object): Promise<string> {
    const { content = [], isError } = await this.#ask('tools/call', { name, arguments: args });
    const text = content.map((part) => part.text).join('\n');
    if (isError) throw new Error(`${name} ${JSON.stringify(args)} failed:\n${text}`);
    this.calls += 1;
    this.written += countTokens(JSON.stringify({ name, arguments: args }));
    this.read += countTokens(text);
    return text;
  }

  async #ask(method: string, params: object): Promise<NonNullable<Answered['result']>> {
    const { url, key } = this.#stand;
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    };
    this.#id += 1;
    // Several conversations send the same ids, and a write that comes again is not done again.
    const id = `${process.hrtime.bigint()}-${this.#id}`;
    const answer = await fetch(`${url}/mcp`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id, method, params }) });
    const { result, error } = (await answer.json()) as Answered;
    if (!result) throw new Error(`${method} failed: ${error?.message ?? answer.status}`);
    return result;
  }
}
