/**
 * The recipe format: what an integration is, as data. One zod schema reads the files, and `npm run generate`
 * prints it as `recipes/recipe.schema.json`, so that an editor completes and explains every field.
 *
 * A folder `recipes/<slug>/` holds `recipe.json` (an `Integration`), one file a resource (`Resource`) and `guides/*.md`.
 * Nothing in it is code: every difference between providers is a field below, and the engine never asks for a slug.
 */
import { z } from 'zod';

/** Places that a parameter's value can travel in. */
export const parameterPlaces = ['path', 'query', 'header', 'body', 'mail'] as const;

const slug = z.string().regex(/^[a-z][a-z0-9_]*$/, 'lower-case letters, digits and underscores, starting with a letter');
const text = z.string().min(1);
const url = z.url({ protocol: /^https?$/ });
const httpMethod = z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE']);
const headerName = z.string().regex(/^[A-Za-z0-9-]+$/);
const headers = z.record(headerName, z.string().regex(/^[\x20-\x7e]*$/, 'printable ASCII'));
const expression = text.describe('A JMESPath expression (https://jmespath.org/specification.html).');
const jsonPointer = z
  .string()
  .regex(/^(\/([^~/]|~[01])*)*$/)
  .describe('A JSON Pointer (RFC 6901) into the JSON body.');

const jsonType = z.enum(['string', 'integer', 'number', 'boolean', 'array', 'object']);

/** The JSON Schema 2020-12 words a value may be described with. */
const valueFields = {
  type: z
    .union([jsonType, z.array(z.union([jsonType, z.literal('null')])).min(2)])
    .describe('JSON type of the value; a list when several are accepted, `null` among them when the provider uses null to clear a field.'),
  description: text.describe('What the value means, for an agent that has never seen the service. Written in our own words.'),
  enum: z
    .array(z.union([z.string(), z.number(), z.boolean(), z.null()]))
    .min(1)
    .optional(),
  default: z.json().optional().describe('Sent when the caller leaves the parameter out, unless `send_default` is false.'),
  examples: z.array(z.json()).min(1).optional(),
  format: z.enum(['date', 'date-time', 'time', 'email', 'uri', 'uuid', 'byte', 'ipv4', 'ipv6', 'hostname']).optional(),
  pattern: z.string().optional(),
  minLength: z.int().min(0).optional(),
  maxLength: z.int().min(0).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minItems: z.int().min(0).optional(),
  maxItems: z.int().min(0).optional(),
  uniqueItems: z.boolean().optional(),
  get items() {
    return value.optional();
  },
  get properties() {
    return z.record(z.string(), value).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), value]).optional();
  },
};

/** A described value inside a parameter: an array's item, an object's property. `required` lists property names, as in JSON Schema. */
export const value: z.ZodType<RecipeValue> = z.lazy(() =>
  z.strictObject({
    ...valueFields,
    description: valueFields.description.optional(),
    required: z.array(z.string()).min(1).optional(),
  }),
);

export interface RecipeValue {
  type: JsonType | (JsonType | 'null')[];
  description?: string | undefined;
  enum?: (string | number | boolean | null)[] | undefined;
  default?: unknown;
  examples?: unknown[] | undefined;
  format?: string | undefined;
  pattern?: string | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  minItems?: number | undefined;
  maxItems?: number | undefined;
  uniqueItems?: boolean | undefined;
  items?: RecipeValue | undefined;
  properties?: Record<string, RecipeValue> | undefined;
  additionalProperties?: boolean | RecipeValue | undefined;
  required?: string[] | undefined;
}
export type JsonType = z.infer<typeof jsonType>;

const parameter = z
  .strictObject({
    in: z
      .enum(parameterPlaces)
      .describe(
        'Where the value travels: a `{name}` of the path, the query string, a request header, the body, or a part of the composed mail.',
      ),
    ...valueFields,
    required: z.boolean().optional().describe('Refuse the call when it is missing. Default false.'),
    as: z
      .string()
      .optional()
      .describe(
        "The provider's own name when it differs from ours. In a JSON body also a JSON Pointer such as `/message/threadId`; the empty string makes this value the whole body.",
      ),
    split: z
      .string()
      .regex(/^\{[A-Za-z_]+\}(\/\{[A-Za-z_]+\})+$/)
      .optional()
      .describe(
        'Path only: one value that fills several path names, for instance `{owner}/{repo}`; shown to agents as `owner/repo → {owner}, {repo}`.',
      ),
    array_style: z
      .enum(['repeat', 'comma', 'space', 'brackets'])
      .optional()
      .describe(
        'Query and form only. How a list is written: `a=1&a=2` (repeat, the default), `a=1,2` (comma), `a=1 2` (space), `a[]=1&a[]=2` (brackets).',
      ),
    segments: z
      .boolean()
      .optional()
      .describe(
        'Path only: the value may hold several segments (a file path); each is encoded by itself, and `.`, `..` and empty ones are refused.',
      ),
    send_default: z.boolean().optional().describe('False when `default` only documents what the provider assumes. Default false.'),
    file: z.boolean().optional().describe('Multipart only: the value is an object `{filename, content_type, base64}` sent as a file part.'),
  })
  .meta({ id: 'Parameter' });

export const mailParts = [
  'to',
  'cc',
  'bcc',
  'from',
  'reply_to',
  'subject',
  'text',
  'html',
  'attachments',
  'in_reply_to',
  'references',
] as const;

const body = z
  .strictObject({
    encoding: z
      .enum(['json', 'form', 'multipart', 'mail'])
      .describe('application/json, application/x-www-form-urlencoded, multipart/form-data, or a composed RFC 822 message.'),
    constants: z.record(z.string(), z.json()).optional().describe('Values always sent. Keys are names, or JSON Pointers in a JSON body.'),
    mail_at: jsonPointer
      .optional()
      .describe(
        `With \`mail\`: where in a JSON body the base64url message goes (Gmail: \`/raw\`); without it the message itself is the body (message/rfc822). Parameters with \`in: "mail"\` name their part by \`as\`: ${mailParts.join(', ')}.`,
      ),
  })
  .meta({ id: 'Body' });

const pagination = z
  .strictObject({
    style: z
      .enum(['page', 'cursor', 'offset'])
      .describe('How the next page is asked for: by page number, by a token from the last answer, or by the number of items to skip.'),
    parameter: text.describe('Our name of the parameter that asks for the next page.'),
    next: expression.optional().describe("With `cursor`: where the last answer's `data` holds the next token."),
    size_parameter: text.optional().describe('Our name of the parameter that sets the page size.'),
  })
  .meta({ id: 'Pagination' });

const providerError = z.strictObject({
  status: z.int().min(400).max(599).optional(),
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
    method: httpMethod,
    path: z
      .string()
      .regex(/^\/[^?#\s]*$/)
      .describe('Path below the base URL, with `{name}` for each path parameter.'),
    base_url: url
      .optional()
      .describe("Another origin for this endpoint alone. An installation that overrides the integration's base URL overrides this too."),
    description: text.describe('What one call does, first sentence fit for a list. Written in our own words.'),
    read_only: z
      .boolean()
      .optional()
      .describe('Changes nothing at the provider: may run as a query and may be retried. Default: true for GET.'),
    destructive: z.boolean().optional().describe('Deletes or overwrites what cannot be brought back. Default: true for DELETE.'),
    idempotent: z.boolean().optional().describe('A second equal call changes nothing more. Default: true for GET, PUT and DELETE.'),
    provider_scopes: scopeNeed.optional(),
    parameters: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), parameter).default({}),
    query: z.record(z.string(), z.string()).optional().describe('Query values always sent.'),
    headers: headers.optional().describe('Headers always sent with this endpoint, over those of the integration.'),
    body: body.optional().describe('Needed where a parameter travels in the body or the mail. Default encoding: json.'),
    pagination: pagination.optional(),
    follow_redirects: z.boolean().optional().describe('Reads only: follow up to three redirects under the outbound rules.'),
    timeout_ms: z.int().min(1000).max(120_000).optional().describe('Time until the whole answer must be there. Default 30000.'),
    answer: text.describe('What `data` holds on success, named by its fields.'),
    example: z
      .record(z.string(), z.json())
      .describe('Parameters of a typical call; checked against the parameters when the recipe is read.'),
    errors: z.array(providerError).optional(),
    omits: z
      .record(z.string(), text)
      .optional()
      .describe('Documented parameters of the provider that this endpoint leaves out, each with the reason.'),
    documentation_url: url.optional(),
  })
  .meta({ id: 'Endpoint' });

export const resource = z
  .strictObject({
    $schema: z.string().optional(),
    resource: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/)
      .describe("The resource's name in kebab case: the category of its endpoints, the file's name, and the folder of its documents."),
    description: text,
    endpoints: z.record(slug, endpoint).refine((all) => Object.keys(all).length > 0, 'at least one endpoint'),
  })
  .meta({ id: 'Resource' });

const accountNames = {
  id: expression.describe('What the provider never changes about the account: the same value means the same account.'),
  label: expression.describe('How a person knows the account: login, e-mail address, workspace.'),
};

const oauth2 = z
  .strictObject({
    type: z.literal('oauth2'),
    authorize_url: url,
    token_url: url,
    issuer: url
      .optional()
      .describe(
        'Its issuer identifier, which an `iss` in the redirect must equal (RFC 9207). Without it, `iss` must have the origin of `authorize_url`.',
      ),
    register: z.strictObject({
      url,
      how: text.describe('What to enter there, in a sentence or two; the redirect address is added by the gateway.'),
    }),
    scopes: z
      .record(text, z.strictObject({ description: text, implies: z.array(text).optional().describe('Scopes that this one includes.') }))
      .describe('Every scope that endpoints name.'),
    always_scopes: z.array(text).optional().describe('Asked for with every consent (identity, offline access).'),
    scope_parameter: z.string().default('scope').describe('Name of the authorize parameter (Slack user tokens: `user_scope`).'),
    scope_separator: z.enum([' ', ',']).default(' '),
    authorize_parameters: z
      .record(z.string(), z.string())
      .optional()
      .describe('Sent with every authorize request, for instance `access_type=offline`.'),
    pkce: z.boolean().default(true).describe('Send an S256 challenge (RFC 7636). Default true: providers that do not know it ignore it.'),
    token_endpoint_auth_method: z
      .enum(['client_secret_post', 'client_secret_basic', 'none'])
      .default('client_secret_post')
      .describe('As in RFC 7591, section 2.'),
    token_request: z.strictObject({ encoding: z.enum(['form', 'json']).default('form'), headers: headers.optional() }).optional(),
    token_answer: z
      .strictObject({
        access_token: expression.optional(),
        refresh_token: expression.optional(),
        expires_in: expression.optional(),
        scope: expression
          .optional()
          .describe(
            'The granted scopes as text or list; `false` when this kind of token knows no scopes, nothing when the grant is as asked.',
          ),
        error: expression.optional().describe('Where an error stands, also in an answer with status 200.'),
        error_description: expression.optional(),
        account: z
          .strictObject(accountNames)
          .optional()
          .describe('Where the account is named, when the token answer names it and no verification call is needed.'),
      })
      .optional()
      .describe('Where the provider puts what RFC 6749 (section 5) names at the top level.'),
    refresh: z
      .strictObject({
        send_scope: z.boolean().optional().describe('Send `scope` with a refresh.'),
        reusable: z
          .boolean()
          .optional()
          .describe('The same refresh token may be sent again, so an interrupted refresh can be repeated. Default false: each works once.'),
        final_errors: z
          .array(text)
          .optional()
          .describe('Errors that mean the grant is gone for good, beside `invalid_grant`. Any other error keeps the connection.'),
        idle_days: z
          .int()
          .min(1)
          .optional()
          .describe('Refresh tokens lapse after this many days without use; the gateway refreshes before.'),
      })
      .optional()
      .describe('Absent where access tokens do not expire.'),
    revocation: z
      .strictObject({
        url,
        style: z
          .enum(['rfc7009', 'query', 'bearer', 'github'])
          .describe(
            '`rfc7009`: a POST encoded and authenticated like a token request. `query`: `?token=`. `bearer`: the token revokes itself in the Authorization header. `github`: DELETE with Basic and a JSON body; `{client_id}` in the address.',
          ),
        token: z.enum(['access_token', 'refresh_token']).default('access_token'),
        send_hint: z
          .boolean()
          .optional()
          .describe('With `rfc7009`: false where the provider refuses a body that holds more than `token`. Default true.'),
      })
      .optional(),
    bearer_prefix: z.string().default('Bearer ').describe('Before the access token in the Authorization header.'),
  })
  .meta({ id: 'OAuth2' });

const credentialHelp = {
  create_url: url.optional().describe('The page of the service where a person makes such a credential.'),
  how: text.describe('How to get one, in a sentence, with the permissions it needs.'),
};
const fields = z
  .record(
    slug,
    z.strictObject({ description: text, pattern: z.string().optional(), header: headerName.optional(), query: text.optional() }),
  )
  .optional()
  .describe('Further values the person gives beside the credential; each goes into a header or the query.');

export const auth = z
  .discriminatedUnion('type', [
    oauth2,
    z
      .strictObject({
        type: z.literal('bearer'),
        ...credentialHelp,
        fields,
        header: headerName.default('authorization'),
        prefix: z.string().default('Bearer '),
      })
      .meta({ id: 'BearerToken' }),
    z
      .strictObject({
        type: z.literal('api_key'),
        ...credentialHelp,
        fields,
        in: z.enum(['header', 'query']),
        name: text,
        prefix: z.string().default(''),
      })
      .meta({ id: 'ApiKey' }),
    z
      .strictObject({
        type: z.literal('basic'),
        ...credentialHelp,
        fields,
        username: text.optional().describe('What the service calls the user name.'),
        password: text.optional().describe('What the service calls the password.'),
      })
      .meta({ id: 'Basic' }),
    z.strictObject({ type: z.literal('none') }).meta({ id: 'NoAuth' }),
  ])
  .describe(
    'A way to authenticate to the service. A bearer token is given as `{token}`, an API key as `{api_key}`, Basic as `{username, password}`.',
  );

export const integration = z
  .strictObject({
    $schema: z.string().optional(),
    slug: slug.refine((s) => !['connect', 'skills', 'proxy', 'download'].includes(s), 'reserved'),
    name: text,
    version: z.string().regex(/^\d+\.\d+\.\d+$/),
    description: text.describe('What the service is and what can be done with it, in a sentence or two.'),
    category: z.string().regex(/^[a-z][a-z0-9-]*$/),
    documentation_url: url,
    base_url: url.describe('Without a trailing slash.'),
    headers: headers.optional().describe('Sent with every call.'),
    auth: z.array(auth).min(1).describe('The ways to connect, the preferred one first.'),
    verify: z
      .strictObject({
        method: httpMethod.default('GET'),
        path: z.string().startsWith('/'),
        query: z.record(z.string(), z.string()).optional(),
        succeeds_when: expression.optional().describe('Must hold on the JSON answer, for services that answer failures with 200.'),
        account: z.strictObject(accountNames),
      })
      .optional()
      .describe('A read that proves a credential and names its account. Needed unless every way to connect is `none`.'),
    rate_limit: z
      .strictObject({
        remaining: headerName.optional(),
        reset: headerName.optional(),
        reset_unit: z.enum(['epoch_seconds', 'seconds', 'epoch_milliseconds', 'milliseconds', 'date']).optional(),
        retry_after: headerName.optional().describe('Default `retry-after` (RFC 9110, section 10.2.3).'),
        statuses: z
          .array(z.int().min(400).max(599))
          .optional()
          .describe('Statuses that mean «too many». Default 429; GitHub also uses 403 with `remaining` 0.'),
      })
      .optional(),
    retry: z
      .strictObject({ statuses: z.array(z.int().min(500).max(599)) })
      .optional()
      .describe('Failures after which a read may be tried again. Default 500, 502, 503, 504.'),
    idempotency_header: headerName.optional().describe("The provider's own header for a caller's idempotency key."),
    errors: z.array(providerError).optional().describe('Failures common to every endpoint.'),
    omits: z.record(z.string(), text).optional().describe('Documented parameters left out of every endpoint, each with the reason.'),
    guides: z.array(z.strictObject({ file: z.string().regex(/^guides\/[a-z0-9-]+\.md$/), title: text, description: text })).optional(),
    workflows: z
      .array(z.strictObject({ name: text, description: text, steps: z.array(z.strictObject({ endpoint: slug, purpose: text })).min(1) }))
      .optional()
      .describe('Endpoints in the order that gets a common job done.'),
    argument_hint: z.string().default('[what to do]').describe('Shown by agents beside the skill name.'),
  })
  .meta({ id: 'Integration' });

export type Integration = z.infer<typeof integration>;
export type Resource = z.infer<typeof resource>;
export type Endpoint = z.infer<typeof endpoint>;
export type Parameter = z.infer<typeof parameter>;
export type Auth = z.infer<typeof auth>;
export type OAuth2 = z.infer<typeof oauth2>;
export type MailPart = (typeof mailParts)[number];
