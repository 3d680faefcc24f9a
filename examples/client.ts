/** Calls by TypeScript, with nothing but fetch: `node examples/client.ts`. SKILLETT_URL and SKILLETT_API_KEY come from the environment. */
const url = process.env.SKILLETT_URL ?? 'http://localhost:4000';
const key = process.env.SKILLETT_API_KEY;

/** What the service answered. Throws what Skillett, or the service, says against it. */
async function call<Data>(integration: string, endpoint: string, params: object, options: object = {}): Promise<Data> {
  const answer = await fetch(`${url}/v1/${integration}/${endpoint}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ params, ...options }),
  });
  const { data, error, message } = (await answer.json()) as { data: Data; error?: unknown; message?: string };
  if (!answer.ok) throw new Error(`${answer.status}: ${message ?? JSON.stringify(error)}`);
  return data;
}

const made = await call<{ id: number }>('sandbox', 'create_note', { title: 'From TypeScript' });
console.log('made', made.id);
console.log(await call('sandbox', 'list_notes', {}, { select: 'notes[].title' }));
await call('sandbox', 'create_note', { titel: 'A slip' }).catch((error: Error) => console.log(error.message));
