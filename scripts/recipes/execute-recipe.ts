/** Every endpoint's example through the gateway, to a service that looks at what really arrives. */
import type { GraphQLSchema } from 'graphql';
import type { Gateway } from '../../src/core/context.ts';
import { newId } from '../../src/core/ids.ts';
import type { StoredCredential } from '../../src/domains/connections/credential/credential.ts';
import type { Upstream } from '../../test/support/upstream.ts';
import { type Arrived, type Expected, listArrivalFaults } from './arrived/arrival-faults.ts';
import { listControls } from './arrived/controls.ts';
import { expectOf } from './arrived/expect.ts';
import type { Facts } from './facts.ts';
import type { Recipe } from './folders.ts';
import { listGraphqlArrivalFaults, listGraphqlControls } from './graphql/graphql-arrival.ts';
import { readSchema } from './graphql/read-schema.ts';

/** A server whose integrations all have their base address below the upstream, each under its slug. */
export interface ExecutionStand {
  /** Of the server. */
  url: string;
  /** A key for everything. */
  key: string;
  gateway: Pick<Gateway, 'db' | 'vault'>;
  upstream: Upstream;
}

export interface ExecutedEndpoint {
  name: string;
  /** `unproved`: there is no description of it to compare with, so that only its arrival is known. */
  proof: 'executed' | 'unproved';
  /** Requests made wrong on purpose, every one of which was found out where there are no faults. */
  controls: number;
  faults: string[];
}

/** What an installation sets so that a recipe's calls come to the upstream. */
export function settingsOf(slugs: readonly string[], { origin }: Upstream): Record<string, string> {
  return Object.fromEntries(slugs.map((slug) => [`SKILLETT_${slug.toUpperCase()}_BASE_URL`, `${origin}/${slug}`]));
}

export async function executeRecipe(stand: ExecutionStand, recipe: Recipe, facts: Facts): Promise<ExecutedEndpoint[]> {
  await connect(stand, recipe);
  const executed: ExecutedEndpoint[] = [];
  const schema = readSchema(facts);
  for (const [name, endpoint] of recipe.endpoints) {
    const { slug } = recipe.integration;
    const received = await call(stand, slug, name, endpoint.example);
    const expected = endpoint.graphql ? undefined : expectOf(facts, name, endpoint);
    const proof = expected || schema ? 'executed' : 'unproved';
    if (typeof received !== 'string' && endpoint.graphql && schema) executed.push({ name, proof, ...judgeDocument(schema, received) });
    else if (typeof received === 'string') executed.push({ name, proof, controls: 0, faults: [received] });
    else executed.push({ name, proof, ...(expected ? await judge(expected, received) : listUnprovedFaults(endpoint, received)) });
  }
  return executed;
}

/** As if each had been connected in the first way that its recipe names; connecting is proved elsewhere. */
async function connect({ gateway, upstream }: ExecutionStand, { integration }: Recipe): Promise<void> {
  const [auth] = integration.auth;
  if (!auth || auth.type === 'none') return;
  upstream.reset();
  const owner = await gateway.db.selectFrom('users').select('id').executeTakeFirstOrThrow();
  const id = newId('conn');
  await gateway.db
    .insertInto('connections')
    .values({
      id,
      userId: owner.id,
      integration: integration.slug,
      authType: auth.type,
      providerAccountId: 'ada',
      account: 'ada',
      statusReason: null,
      credential: gateway.vault.seal(JSON.stringify(credentialOf(auth.type)), id),
      providerScopes: null,
      variables: Object.fromEntries(Object.entries(integration.variables ?? {}).map(([name, one]) => [name, sampleOf(one.pattern)])),
      refreshHolder: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

/** A value of a variable: the first of these that fits its pattern. */
function sampleOf(pattern = '.*'): string {
  return ['ada', 'ada@acme.example'].find((one) => new RegExp(`^(${pattern})$`, 'u').test(one)) ?? 'ada';
}

function credentialOf(type: Exclude<Recipe['integration']['auth'][number]['type'], 'none'>): StoredCredential {
  if (type === 'oauth2') return { type, accessToken: 'token', refreshToken: null, expiresInSeconds: null };
  if (type === 'basic') return { type, username: 'ada', password: 'secret', fields: {} };
  if (type === 'api_key') return { type, apiKey: 'secret', fields: {} };
  return { type: 'bearer', token: 'token', fields: {} };
}

/** The request that arrived, below the integration's base address; a sentence where it was not one. */
async function call({ url, key, upstream }: ExecutionStand, slug: string, name: string, params: object): Promise<Arrived | string> {
  upstream.received.length = 0;
  const answer = await fetch(`${url}/v1/${slug}/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ params }),
  });
  const text = await answer.text();
  const [arrived, ...more] = upstream.received;
  if (!arrived) return `nothing arrived: ${text.slice(0, 300)}`;
  if (more.length > 0) return `${more.length + 1} requests arrived: ${upstream.received.map((one) => one.target).join(', ')}`;
  if (!arrived.target.startsWith(`/${slug}/`)) return `arrived at ${arrived.target}, which is not below its base address`;
  return { ...arrived, target: arrived.target.slice(slug.length + 1) };
}

/** A control that passes is as much of a fault as a request that does not. */
async function judge(expected: Expected, arrived: Arrived): Promise<Pick<ExecutedEndpoint, 'controls' | 'faults'>> {
  const faults = await listArrivalFaults(expected, arrived);
  const controls = await listControls(expected, arrived);
  for (const { kind, arrived: spoilt } of controls)
    if ((await listArrivalFaults(expected, spoilt)).length === 0) faults.push(`control: a request with ${kind} is not found out`);
  return { controls: controls.length, faults };
}

function judgeDocument(schema: GraphQLSchema, arrived: Arrived): Pick<ExecutedEndpoint, 'controls' | 'faults'> {
  const faults = listGraphqlArrivalFaults(schema, arrived);
  const controls = listGraphqlControls(schema, arrived);
  for (const { kind, arrived: spoilt } of controls)
    if (listGraphqlArrivalFaults(schema, spoilt).length === 0) faults.push(`control: a request with ${kind} is not found out`);
  return { controls: controls.length, faults };
}

function listUnprovedFaults(
  { method, path }: Recipe['endpoints'][number][1],
  arrived: Arrived,
): Pick<ExecutedEndpoint, 'controls' | 'faults'> {
  const pattern = path.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{[^}]+\}/g, '.+');
  const isThere = arrived.method === method && new RegExp(`^${pattern}(\\?.*)?$`).test(arrived.target);
  return { controls: 0, faults: isThere ? [] : [`${arrived.method} ${arrived.target}: ${method} ${path} is written`] };
}
