/** Fires one request over and over on a number of connections and measures each. */
import { Pool } from 'undici';

export interface Shot {
  url: string;
  method: string;
  headers: Record<string, string>;
  body?: string;
}

export interface Slice {
  calls: number;
  seconds: number;
  /** Milliseconds of each call, sorted. */
  latencies: number[];
  /** Answers that were not 200. */
  failures: number;
}

/** Connections that stay open between slices, so that a short slice does not measure how they are opened. */
export class Load {
  readonly #shot: Shot;
  readonly #path: string;
  readonly #pool: Pool;
  readonly #connections: number;

  constructor(shot: Shot, connections: number) {
    const { origin, pathname } = new URL(shot.url);
    this.#shot = shot;
    this.#path = pathname;
    this.#connections = connections;
    this.#pool = new Pool(origin, { connections, pipelining: 1, keepAliveTimeout: 60_000 });
  }

  async fire(seconds: number): Promise<Slice> {
    const { method, headers, body } = this.#shot;
    const request = { path: this.#path, method: method as 'GET', headers, ...(body === undefined ? {} : { body }) };
    const latencies: number[] = [];
    let failures = 0;
    const startedMs = performance.now();
    const untilMs = startedMs + seconds * 1000;
    const worker = async () => {
      while (performance.now() < untilMs) {
        const callMs = performance.now();
        const answer = await this.#pool.request(request);
        for await (const _chunk of answer.body);
        if (answer.statusCode !== 200) failures += 1;
        latencies.push(performance.now() - callMs);
      }
    };
    await Promise.all(Array.from({ length: this.#connections }, worker));
    const elapsedSeconds = (performance.now() - startedMs) / 1000;
    return { calls: latencies.length, seconds: elapsedSeconds, latencies: latencies.sort((a, b) => a - b), failures };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }
}

export async function fire(shot: Shot, connections: number, seconds: number): Promise<Slice> {
  const load = new Load(shot, connections);
  try {
    return await load.fire(seconds);
  } finally {
    await load.close();
  }
}
