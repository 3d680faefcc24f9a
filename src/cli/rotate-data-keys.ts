/**
 * `npm run rotate-data-keys`: asks a running server for a new data key and shows how far everything sealed has been
 * brought under it. Speaks HTTP only; the key comes from the environment, since arguments are seen by every process.
 */

const url = new URL('/graphql', process.env.SKILLETT_URL ?? `http://localhost:${process.env.PORT ?? 4000}`).href;
const key = process.env.SKILLETT_API_KEY;

/** The server seals a hundred values anew in about a second. When nothing moves for this long, nothing will. */
const stillMsMax = 10_000;

interface DataKeyState {
  version: number;
  remaining: number;
}

function fail(sentence: string): never {
  console.error(sentence);
  process.exit(1);
}

async function ask(field: 'mutation { rotateDataKeys' | 'query { dataKeyState'): Promise<DataKeyState> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query: `${field} { version remaining } }` }),
  }).catch((error: Error) =>
    fail(`No server answers at ${url} (${(error.cause as Error | undefined)?.message ?? error.message}). Start it, or set SKILLETT_URL.`),
  );
  const { data, errors } = (await answer.json().catch(() => fail(`${url} is not a Skillett server.`))) as {
    data?: Record<string, DataKeyState>;
    errors?: { message: string; extensions?: { code?: string } }[];
  };
  if (errors?.[0]) {
    const hint =
      errors[0].extensions?.code === 'forbidden' ? ' Make a key with the scope `operator` on the page API keys of the dashboard.' : '';
    fail(errors[0].message + hint);
  }
  return Object.values(data ?? {})[0] as DataKeyState;
}

if (!key) fail('Set SKILLETT_API_KEY to an API key with the scope `operator`; the owner makes one on the page API keys of the dashboard.');
let state = await ask('mutation { rotateDataKeys');
console.log(`Data key ${state.version} seals from now on. Sealing anew what older keys sealed: ${state.remaining} left.`);
let movedAtMs = Date.now();
while (state.remaining > 0) {
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const before = state.remaining;
  state = await ask('query { dataKeyState');
  if (state.remaining !== before) {
    movedAtMs = Date.now();
    console.log(`${state.remaining} left`);
  } else if (Date.now() - movedAtMs > stillMsMax)
    fail(
      `${state.remaining} left, and none was sealed anew for ${stillMsMax / 1_000} s. The server's log names each value that does not open ("stays under the older data key"): connect such an account again, or set such a secret again. Others follow by themselves within ten minutes; the query \`dataKeyState\` shows what is left.`,
    );
}
console.log('Everything is under the new data key.');
