/**
 * The recipe format: what an integration is, as data. One zod schema reads the files, and `npm run generate`
 * prints it as `recipes/recipe.schema.json`, so that an editor completes and explains every field.
 *
 * A folder `recipes/<slug>/` holds `recipe.json` (an `Integration`), one file a resource (`Resource`) and `guides/*.md`.
 * Nothing in it is code: every difference between providers is a field below, and the engine never asks for a slug.
 */
import { z } from 'zod';
import { leanFields } from './answer/lean.ts';
import { nextHeader, nextPaths, pagination } from './answer/pages.ts';
import { returns, shapes } from './answer/shapes.ts';
import { answerStream } from './answer/streams.ts';
import { ownSuccess, status, success } from './answer/success.ts';
import { auth } from './auth.ts';
import { body } from './body.ts';
import { accountNames } from './credentials/token-endpoint.ts';
import { graphql } from './graphql.ts';
import { parameter, value } from './parameter.ts';
import { reservedSlugs } from './reserved-slugs.ts';
import { expression, headerName, headers, say, slug, text, url } from './texts.ts';
import { hosts, variables } from './variables.ts';

export const httpMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
const httpMethod = z.enum(httpMethods);
const answerHeader = z.string().regex(/^[a-z0-9-]+$/, 'a header name in lower case');

const schemaAddress = z.string().optional().describe('Where an editor finds this description: `../recipe.schema.json`.');

const providerError = z.strictObject({
  status: status.optional().describe('HTTP status of the failure.'),
  error: text.describe("How the failure shows itself: the provider's code, or the status and its meaning."),
  fix: text.describe('What the agent should do about it.'),
});

const scopeNeed = z
  .array(z.union([text, z.array(text).min(2)]))
  .describe(
    'OAuth scopes at the provider this endpoint needs, all of them; a list inside the list is a choice, of which the first is asked for.',
  );

export const endpoint = z
  .strictObject({
    method: httpMethod.describe('HTTP method of the request to the service.'),
    path: z
      .string()
      .regex(/^\/[^?#\s]*$/)
      .describe('Path below the base URL, with `{name}` for each path parameter and each variable of the connection.'),
    base_url: url
      .optional()
      .describe("Another origin for this endpoint alone. An installation that overrides the integration's base URL overrides this too."),
    description: text.describe('What one call does, first sentence fit for a list. Written in our own words.'),
    say: say.optional(),
    read_only: z
      .boolean()
      .optional()
      .describe('Changes nothing at the provider: may run as a query and may be retried. Default: true for GET.'),
    destructive: z
      .boolean()
      .optional()
      .describe('Deletes or overwrites what cannot be brought back. Default: true for DELETE, unless `undone_by` says otherwise.'),
    undone_by: z
      .string()
      .optional()
      .describe(
        'Name of the endpoint of the same integration that undoes it, such as `star_repo` for `unstar_repo`. A DELETE without one is destructive.',
      ),
    idempotent: z.boolean().optional().describe('A second equal call changes nothing more. Default: true for GET, PUT and DELETE.'),
    provider_scopes: scopeNeed.optional(),
    parameters: z
      .record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), parameter)
      .default({})
      .describe('What a call takes, by the name that agents give it.'),
    required_any: z
      .array(z.array(text).min(2))
      .min(1)
      .optional()
      .describe('Lists of parameters, by our names: of each list at least one must be given.'),
    any_of: z
      .array(z.array(text).min(1))
      .min(2)
      .optional()
      .describe('Alternatives, each a list of parameters by our names: of one of them all must be given.'),
    query: z.record(z.string(), z.string()).optional().describe('Query values always sent.'),
    headers: headers.optional().describe('Headers always sent with this endpoint, over those of the integration.'),
    graphql: graphql.optional().describe('What is sent to a service whose API is GraphQL, in place of a body.'),
    body: body.optional().describe('Needed where a parameter travels in the body or the mail. Default encoding: json.'),
    pagination: pagination.optional().describe('How to get the next page, where an answer is a page of a list.'),
    success: ownSuccess
      .optional()
      .describe("What differs here from the integration's `success`; `status` adds to its codes. Asked of answers with a 2xx status."),
    follow_redirects: z.boolean().optional().describe('Reads only: follow up to three redirects under the outbound rules.'),
    timeout_ms: z
      .int()
      .min(1000)
      .max(900_000)
      .optional()
      .describe(
        'Time until the whole answer must be there, at most 120000. Default 30000. With `answer_stream` up to 900000, and the default is 120000; with `body.upload` up to 900000.',
      ),
    answer_stream: answerStream.optional(),
    answer_headers: z
      .array(answerHeader)
      .min(1)
      .max(20)
      .optional()
      .describe(
        "Headers of the service's answer, in lower case, that callers get: as headers over REST, in `meta` over GraphQL and MCP. None that frames a message, sets a cookie, asks for a credential, or has a meaning in answers of the gateway.",
      ),
    answer: text.describe('What `data` holds on success, named by its fields.'),
    returns: returns.optional(),
    example: z
      .record(z.string(), z.json())
      .describe('Parameters of a typical call; checked against the parameters when the recipe is read.'),
    errors: z.array(providerError).optional().describe('Failures of this endpoint that an agent should know how to mend.'),
    omits: z
      .record(z.string(), text)
      .optional()
      .describe('Documented parameters of the provider that this endpoint leaves out, each with the reason.'),
    documentation_url: url.optional().describe("The provider's own page about it."),
    ...leanFields,
  })
  .meta({ id: 'Endpoint' });

export const resource = z
  .strictObject({
    $schema: schemaAddress,
    resource: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .describe("The resource's name in kebab case: the category of its endpoints, the file's name, and the folder of its documents."),
    description: text.describe('What these endpoints are about.'),
    endpoints: z
      .record(slug, endpoint)
      .refine((all) => Object.keys(all).length > 0, 'at least one endpoint')
      .describe('The endpoints by name; a name is unique in the integration and never changes, since agents and keys hold it.'),
  })
  .meta({ id: 'Resource' });

export const integration = z
  .strictObject({
    $schema: schemaAddress,
    slug: slug
      .refine((s) => !reservedSlugs.has(s), 'is a word of our own in addresses, scopes or GraphQL; choose another')
      .describe('Name of the integration in addresses, scopes and settings, and of its folder.'),
    name: text.describe("The service's name for people."),
    version: z
      .string()
      .regex(/^\d+\.\d+\.\d+$/, 'three numbers with dots between them, such as 1.0.0')
      .describe('Version of this recipe (semver); raise it with every change that agents can notice.'),
    description: text.describe('What the service is and what can be done with it, in a sentence or two.'),
    category: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens, starting with a letter')
      .describe('Kind of service, to filter lists by: development, communication, productivity, weather …'),
    documentation_url: z
      .union([url, z.string().regex(/^\/dashboard\/[a-z_/]+$/)])
      .describe(
        "The provider's own documentation, or a page of this dashboard (`/dashboard/…`) for a service that the gateway itself serves.",
      ),
    base_url: url.describe('Address that the paths of endpoints stand below, without a trailing slash.'),
    variables: variables.optional(),
    hosts: hosts.optional(),
    headers: headers.optional().describe('Sent with every call.'),
    values: z
      .record(slug, value)
      .optional()
      .describe(
        'Values that several parameters share, by name: an enum, a description, an object. `{"$value": "name"}` stands for one in a parameter or inside a value, with words of its own beside it that stand over the shared ones.',
      ),
    shapes: shapes.optional(),
    auth: z.array(auth).min(1).describe('The ways to connect, the preferred one first.'),
    verify: z
      .strictObject({
        method: httpMethod.default('GET').describe('Its HTTP method.'),
        path: z.string().startsWith('/').describe('Its path below the base URL.'),
        base_url: url
          .optional()
          .describe(
            'Another origin for this read alone, where the service names people elsewhere. An installation that overrides the base URL overrides this too.',
          ),
        query: z.record(z.string(), z.string()).optional().describe('Query values it needs.'),
        graphql: graphql
          .optional()
          .describe(
            "For a service whose API is GraphQL: a query without variables, and which part of its answer's `data` names the account.",
          ),
        success: ownSuccess.optional().describe("What differs here from the integration's `success`."),
        account: z
          .strictObject(accountNames)
          .optional()
          .describe('Where the answer names the account; left out where every way to connect names it otherwise.'),
      })
      .optional()
      .describe(
        'A read that proves a credential and names its account. Needed unless every way to connect is `none`, or says itself what the account is.',
      ),
    success: success
      .optional()
      .describe('For services that answer failures with a 2xx status: what a success is, and what a failure means.'),
    next_header: nextHeader.optional(),
    next_paths: nextPaths.optional(),
    rate_limit: z
      .strictObject({
        remaining: headerName.optional().describe('The header that says how many calls are left.'),
        reset: headerName.optional().describe('The header that says when the count begins anew.'),
        reset_unit: z
          .enum(['epoch_seconds', 'seconds', 'epoch_milliseconds', 'milliseconds', 'date'])
          .optional()
          .describe('What `reset` holds: a moment (since 1970, or a date) or a time from now. Default epoch_seconds.'),
        retry_after: headerName.optional().describe('Default `retry-after` (RFC 9110, section 10.2.3).'),
        statuses: z
          .array(status)
          .optional()
          .describe('Statuses that mean «too many». Default 429; GitHub also uses 403 with `remaining` 0.'),
        when: expression
          .optional()
          .describe(
            'A JMESPath expression on a JSON answer with one of `statuses` that is true when it means «too many», for services whose headers do not say so.',
          ),
        wait_seconds: z.int().min(1).max(86_400).optional().describe('How long to stay away where the service names no time.'),
      })
      .optional()
      .describe('How the service says that it was called too often, and when to come back.'),
    retry: z
      .strictObject({ statuses: z.array(z.int().min(500).max(599)).describe('HTTP statuses of such failures.') })
      .optional()
      .describe('Failures after which a read may be tried again. Default 500, 502, 503, 504.'),
    idempotency_header: headerName.optional().describe("The provider's own header for a caller's idempotency key."),
    errors: z.array(providerError).optional().describe('Failures common to every endpoint.'),
    omits: z.record(z.string(), text).optional().describe('Documented parameters left out of every endpoint, each with the reason.'),
    guides: z
      .array(
        z.strictObject({
          file: z
            .string()
            .regex(/^guides\/[a-z0-9-]+\.md$/)
            .describe('The Markdown file, such as `guides/searching.md`.'),
          title: text.describe('Its title.'),
          description: text.describe('When to read it, in a sentence.'),
        }),
      )
      .optional()
      .describe('What agents should know beyond single endpoints; every file in `guides/` is listed.'),
    workflows: z
      .array(
        z.strictObject({
          name: text.describe('The job, in a few words.'),
          description: text.describe('What it achieves.'),
          steps: z
            .array(
              z.strictObject({
                endpoint: slug.describe('Name of an endpoint of this integration.'),
                purpose: text.describe('What this step is for, and what to take from its answer.'),
              }),
            )
            .min(1)
            .describe('The calls, in order.'),
        }),
      )
      .optional()
      .describe('Endpoints in the order that gets a common job done.'),
    argument_hint: z.string().default('[what to do]').describe('Shown by agents beside the skill name.'),
  })
  .meta({ id: 'Integration' });

export type Integration = z.infer<typeof integration>;
export type Resource = z.infer<typeof resource>;
export type Endpoint = z.infer<typeof endpoint>;
