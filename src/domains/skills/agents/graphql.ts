/** What agents are told before they call: an endpoint at a glance, whether an account is ready for it, and what belongs together. */
import { mayCall } from '../../../core/principal.ts';
import { builder } from '../../../core/schema/builder.ts';
import { type ConnectedAccount, loadAccounts, missingScopesOf } from '../../connections/connections.ts';
import { requireIntegration, seenBy } from '../../recipes/catalogue.ts';
import type { Integration } from '../../recipes/format/format.ts';
import { EndpointRef } from '../endpoints/graphql.ts';
import { IntegrationRef } from '../graphql.ts';
import { summariseEndpoint } from './endpoint-summary.ts';

interface EndpointAccount extends ConnectedAccount {
  missingScopes: string[];
}

const EndpointAccountRef = builder.objectRef<EndpointAccount>('EndpointAccount').implement({
  description: 'An account that calls of an endpoint may be made for.',
  fields: (t) => ({
    account: t.exposeString('account', { description: 'Its name, to give as `account` with a call.' }),
    isDefault: t.exposeBoolean('isDefault', { description: 'Whether calls that name no account use this one.' }),
    ready: t.boolean({
      description: 'Whether a call would be sent: the account works, nobody froze it, and no scope is missing.',
      resolve: ({ status, frozenAt, missingScopes }) => status === 'connected' && frozenAt === null && missingScopes.length === 0,
    }),
    connected: t.boolean({
      description: 'Whether the account works; otherwise it must be connected again.',
      resolve: ({ status }) => status === 'connected',
    }),
    frozen: t.boolean({ description: 'Whether an operator has stopped it.', resolve: ({ frozenAt }) => frozenAt !== null }),
    providerScopes: t.exposeStringList('providerScopes', {
      nullable: true,
      description: 'What the service granted it; null where the service did not say, or knows no scopes.',
    }),
    missingScopes: t.exposeStringList('missingScopes', {
      description: 'OAuth scopes of the service that the endpoint needs and this account has not granted.',
    }),
  }),
});

builder.objectFields(EndpointRef, (t) => ({
  summary: t.string({
    description:
      'At a glance, as agents read it: `read` or `execute` with the name and the parameters, and below it what it does, what the required parameters mean, an example and what it answers.',
    resolve: summariseEndpoint,
  }),
  accounts: t.field({
    type: [EndpointAccountRef],
    complexity: { field: 2, multiplier: 3 },
    description: 'The accounts of its integration as they stand for this endpoint, oldest first; none where none is needed.',
    resolve: async (endpoint, _args, context) => {
      const integration = requireIntegration((await seenBy(context)).catalogue, endpoint.integration);
      const accounts = await loadAccounts(context).load(endpoint.integration);
      return accounts.map((account) => ({ ...account, missingScopes: missingScopesOf(integration, endpoint, account) }));
    },
  }),
}));

type Guide = NonNullable<Integration['guides']>[number];
type Workflow = NonNullable<Integration['workflows']>[number];

const GuideRef = builder.objectRef<Guide>('Guide').implement({
  description: 'A text on what goes beyond single endpoints; the text itself stands among the skill files.',
  fields: (t) => ({
    title: t.exposeString('title', { description: 'Its title.' }),
    filePath: t.exposeString('file', { description: 'Its file among the skill files, such as `guides/searching.md`.' }),
    description: t.exposeString('description', { description: 'When to read it.' }),
  }),
});

const WorkflowStepRef = builder.objectRef<Workflow['steps'][number]>('WorkflowStep').implement({
  description: 'One call of a workflow.',
  fields: (t) => ({
    endpoint: t.exposeString('endpoint', { description: 'Name of the endpoint, of the same integration.' }),
    purpose: t.exposeString('purpose', { description: 'What the step is for, and what to take from its answer.' }),
  }),
});

const WorkflowRef = builder.objectRef<Workflow>('Workflow').implement({
  description: 'A job that takes several calls.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'The job, in a few words.' }),
    description: t.exposeString('description', { description: 'What it achieves.' }),
    steps: t.expose('steps', { type: [WorkflowStepRef], description: 'The calls, in order.' }),
  }),
});

builder.objectFields(IntegrationRef, (t) => ({
  guides: t.field({ type: [GuideRef], description: 'What agents should know of it.', resolve: ({ recipe }) => recipe.guides ?? [] }),
  workflows: t.field({
    type: [WorkflowRef],
    description: 'Jobs for which its endpoints are called one after the other.',
    args: { callable: t.arg.boolean({ description: 'Only those of which every call is within the scopes of the caller.' }) },
    resolve: async ({ slug, recipe: { workflows = [] }, endpoints }, { callable }, context) => {
      if (!callable) return workflows;
      const { scopes } = await context.principal();
      const may = (name: string) => mayCall(scopes, slug, name, endpoints.get(name)?.readOnly === true);
      return workflows.filter(({ steps }) => steps.every(({ endpoint }) => may(endpoint)));
    },
  }),
}));
