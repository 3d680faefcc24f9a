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

export async function fire(shot: Shot, connections: number, seconds: number): Promise<Slice> {
  const { origin, pathname } = new URL(shot.url);
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const latencies: number[] = [];
  let failures = 0;
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  const worker = async () => {
    while (performance.now() < untilMs) {
      const callMs = performance.now();
      const answer = await pool.request({
        path: pathname,
        method: shot.method as 'GET',
        headers: shot.headers,
        ...(shot.body === undefined ? {} : { body: shot.body }),
      });
      for await (const _chunk of answer.body);
      if (answer.statusCode !== 200) failures += 1;
      latencies.push(performance.now() - callMs);
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  const elapsedSeconds = (performance.now() - startedMs) / 1000;
  await pool.close();
  return { calls: latencies.length, seconds: elapsedSeconds, latencies: latencies.sort((a, b) => a - b), failures };
}
