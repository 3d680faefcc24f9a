/** Values that belong to a connection and not to a call: a site, a region, a tenant. */
import { z } from 'zod';
import { expression, slug, text, url } from './texts.ts';

const lookup = z
  .strictObject({
    url: url.describe('Asked by GET, with the credential.'),
    list: expression.describe('Where the answer lists what there is.'),
    value: expression.describe("The variable's value on an entry."),
    label: expression.describe('How a person knows an entry: the name of the site.'),
    for: z
      .array(z.enum(['oauth2', 'bearer', 'api_key', 'basic', 'client_credentials', 'jwt_bearer', 'signature_v4']))
      .min(1)
      .optional()
      .describe('The ways to connect whose credential the list takes. With any other the person gives the value. Default: all.'),
  })
  .describe(
    'Asked of the service once there is a credential. Where it lists several, the person chooses one, and each that is chosen in a consent of its own is an account of its own. Variables of one integration share one list.',
  );

const variable = z
  .strictObject({
    description: text.describe('What it is and where a person finds it; the person is asked for it in these words.'),
    pattern: text
      .optional()
      .describe(
        'A regular expression that the whole value must match. In the host of an address a value is a label or a host name, in a path it is percent-encoded.',
      ),
    default: z
      .string()
      .optional()
      .describe(
        'Used where the person, or the service, gives none. Empty: an account may be without it, and constants that hold it are left out then; it stands in no address.',
      ),
    from: z
      .union([
        z.literal('input'),
        z.strictObject({
          token_answer: expression.describe('Gives the value on the answer of the token endpoint, also on those that renew a token.'),
        }),
        z.strictObject({
          credential: expression.describe(
            "Gives the value on the token, the API key, or the user name of Basic, such as `split(@, '-')[-1]`; it must be less than the whole secret.",
          ),
        }),
        z.strictObject({ lookup }),
        z.strictObject({
          credential: expression.describe('Gives the value with every way to connect that `for` of the look-up does not name.'),
          lookup: lookup.required({ for: true }).describe('Asked of the service after what `for` names, as without `credential`.'),
        }),
      ])
      .default('input')
      .describe(
        'Where the value comes from. `input`: the person gives it when connecting, in `credentials` beside the token. A way to connect that has no such token answer, or no such credential, asks the person too.',
      ),
  })
  .meta({ id: 'Variable' });

export const variables = z
  .record(slug, variable)
  .describe(
    'What belongs to a connection: a site, a region, a tenant. `{name}` stands for its value in `base_url`, paths, constants of header, query and body, `verify` and `revocation.url`, and for one that the person gives also in `authorize_url`, `issuer` and `token_url`. No call can set it. One that has no value where it is needed ends a call with the remedy.',
  );

export const hosts = z
  .array(
    z
      .string()
      .regex(
        /^(\*\.[a-z0-9-]+(\.[a-z0-9-]+)+|[a-z0-9-]+(\.[a-z0-9-]+)+)$/,
        'a host name in lower case without a port, such as api.letters.example, or *.letters.example for everything below it',
      ),
  )
  .min(1)
  .describe(
    'The hosts that requests go to, exact or with `*.` in front for every name below. Asked before a credential goes into any request, and not of addresses that the installation sets. Needed where a variable stands in a host.',
  );

export type Lookup = z.infer<typeof lookup>;
export type Variable = z.infer<typeof variable>;
