/** Whether a recipe agrees with its provider's description, and is written as recipes are. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Endpoint } from '../../src/domains/recipes/format/format.ts';
import { buildParameterSchema } from '../../src/domains/recipes/parameter-schema.ts';
import { type Facts, hashSentence, splitSentences } from './facts.ts';
import { listFaults } from './faults.ts';
import type { Recipe } from './folders.ts';
import { listGraphqlFaults } from './graphql/graphql-faults.ts';
import { readSchema } from './graphql/read-schema.ts';

export interface EndpointReport {
  name: string;
  /** Whether it was compared with a description; `absent`: the facts say why it could not be. */
  proof: 'proved' | 'absent';
  faults: string[];
}

export function checkRecipe({ integration, endpoints }: Pick<Recipe, 'integration' | 'endpoints'>, facts: Facts): EndpointReport[] {
  const theirs = new Set(facts.sentences?.split(' '));
  return endpoints.map(([name, endpoint]) => {
    const isAbsent = facts.unproved !== undefined || Object.hasOwn(facts.absent ?? {}, name);
    const compared = isAbsent ? listFalseAbsence(facts, endpoint) : compare(integration, facts, name, endpoint);
    return {
      name,
      proof: isAbsent ? 'absent' : 'proved',
      faults: [...compared, ...listNameFaults(name), ...listExampleFaults(endpoint), ...listBorrowed(endpoint, theirs)],
    };
  });
}

function listFalseAbsence({ paths }: Facts, { method, path }: Endpoint): string[] {
  return Object.hasOwn(paths?.[path] ?? {}, method.toLowerCase()) ? ['is said to be absent from the description, and stands there'] : [];
}

function compare({ omits, headers }: Recipe['integration'], facts: Facts, name: string, endpoint: Endpoint): string[] {
  if (endpoint.graphql) return listSchemaFaults(facts, endpoint);
  return listFaults({ paths: facts.paths ?? {} }, endpoint, { omits, headers, newer: facts.newer?.[name], trust: facts.trust });
}

function listSchemaFaults(facts: Facts, endpoint: Endpoint): string[] {
  const schema = readSchema(facts);
  return schema ? listGraphqlFaults(schema, endpoint) : ['its schema is not among the facts'];
}

/** A name is a verb, and mostly what the verb is about. */
function listNameFaults(name: string): string[] {
  const [verb = ''] = name.split('_');
  return [
    ...(name.length > 40 ? [`has a name of ${name.length} characters; 40 are the most`] : []),
    ...(verbs.has(verb) ? [] : [`has a name that does not begin with a verb: ${verb}`]),
  ];
}

const verbs = new Set(
  `abort accept acknowledge activate add adjust adopt answer append apply approve archive assign associate attach ban batch break buy cancel capture change
check clear close comment compare complete confirm convert copy count create crosspost deactivate decline delete describe disable dismiss dispatch
download duplicate echo edit email empty enable end execute export fail fetch filter finalize find finish follow force format forward
generate get hide import insert invite issue join label leave like link list lock log lookup make manage mark merge modify move mute open
order pause pay pin ping play post preview promote publish purge query quick rank rate react read redirect refund register reject relate
release remove rename render reopen reorder replace reply report reprioritize request rerun resend reset resolve restore resume retry review
revoke run save schedule search send set share skip snooze sort star start stop style submit subscribe sync tag test transfer transition
trash trigger unarchive unassign unban undelete unfollow unlike unlink unlock unmark unmute unpin unpublish unshare unstar unsubscribe
untrash update upload upsert validate verify void vote wait watch withdraw write`.split(/\s+/),
);

const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true, ownProperties: true }));

export function listExampleFaults(endpoint: Endpoint): string[] {
  const validate = ajv.compile(buildParameterSchema(endpoint));
  validate(endpoint.example);
  return (validate.errors ?? []).map((error) => `example ${error.instancePath} ${error.message}`);
}

/** Sentences that are the provider's own. */
function listBorrowed(endpoint: Endpoint, theirs: ReadonlySet<string>): string[] {
  return listTexts(endpoint).flatMap(([at, text]) =>
    splitSentences(text)
      .filter((sentence) => theirs.has(hashSentence(sentence)))
      .map((sentence) => `${at}: is the provider's sentence: ${sentence}`),
  );
}

function listTexts(node: unknown, at = ''): [at: string, text: string][] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, value]): [string, string][] => {
    const place = at === '' ? key : `${at}.${key}`;
    return typeof value === 'string' && ['description', 'answer', 'fix'].includes(key) ? [[place, value]] : listTexts(value, place);
  });
}
