import type { Context } from '../../../core/context.ts';
import { builder } from '../../../core/schema/builder.ts';
import { type Execution, type ExecutionInput, requestOf } from '../execution.ts';
import { ExecutionRef, holdUntilAsked, readSlots } from '../graphql.ts';
import { canonicalJson } from '../request/canonical-json.ts';
import { executeProxied } from './execute-proxied.ts';
import type { ProxiedCall } from './proxied-request.ts';

/** Arguments are checked by the engine, not here: who may not call at all must not learn first what is wrong with them. */
const argumentsOf = {
  integration: 'Slug of the integration, such as `github`.',
  path: 'What follows the base address of the service, percent-encoded and without a query, such as `/user/repos`.',
  query: 'The query, as an object of names and values; a list repeats its name.',
  headers:
    "Headers by name, as an object of texts. The service's credential, cookies, and whatever says who asked or frames the message are the gateway's: such headers are left out.",
  account: 'Which account to use, by its name or the id of its connection. Left out: the only one, or the default.',
  select:
    'A JMESPath expression that cuts `data` to what you need, such as `[].name`. It parses the answer, so numbers beyond 2^53 lose digits.',
};

builder.queryField('proxyRead', (t) =>
  t.field({
    type: ExecutionRef,
    nullable: true,
    complexity: 10,
    description:
      'Reads from a service where no endpoint covers it: any path below its base address, by GET or HEAD. Needs the scope `github:proxy` or `*`. Several in one request run in parallel, and identical ones are one call that counts once.',
    args: {
      integration: t.arg.string({ required: true, description: argumentsOf.integration }),
      method: t.arg.string({ description: '`GET` or `HEAD`. Left out: `GET`.' }),
      path: t.arg.string({ required: true, description: argumentsOf.path }),
      query: t.arg({ type: 'JSON', description: argumentsOf.query }),
      headers: t.arg({ type: 'JSON', description: argumentsOf.headers }),
      account: t.arg.string({ description: argumentsOf.account }),
      select: t.arg.string({ description: argumentsOf.select }),
    },
    resolve: (_root, { integration, account, select, method, ...rest }, context) => {
      const call: ProxiedCall = { method: method ?? 'GET', ...rest };
      const reads = context.once('proxied reads', () => new Map<string, Promise<Execution>>());
      const key = JSON.stringify([integration, account ?? null, select ?? null, canonicalJson(call)]);
      let read = reads.get(key);
      if (!read) {
        read = readSlots(context).run(() => proxy(context, { integration, account, select, readOnly: true }, call));
        reads.set(key, read);
      }
      return read;
    },
  }),
);

builder.mutationField('proxy', (t) =>
  t.field({
    type: ExecutionRef,
    nullable: true,
    complexity: 10,
    description:
      'Sends a request to a service where no endpoint covers it: any path below its base address. Needs the scope `github:proxy` or `*`: what a recipe marks as reading or leaves out is no bound here. Several in one request run one after the other, in order.',
    args: {
      integration: t.arg.string({ required: true, description: argumentsOf.integration }),
      method: t.arg.string({ required: true, description: '`GET`, `HEAD`, `POST`, `PUT`, `PATCH` or `DELETE`.' }),
      path: t.arg.string({ required: true, description: argumentsOf.path }),
      query: t.arg({ type: 'JSON', description: argumentsOf.query }),
      headers: t.arg({ type: 'JSON', description: argumentsOf.headers }),
      body: t.arg({
        type: 'JSON',
        description:
          'What is sent: a text as it is; bytes as `{"content_type","base64"}`; anything else as JSON, or as a form where `headers` name `application/x-www-form-urlencoded` as content type. Left out or null: nothing.',
      }),
      account: t.arg.string({ description: argumentsOf.account }),
      select: t.arg.string({ description: argumentsOf.select }),
      idempotencyKey: t.arg.string({
        description:
          'Makes repeating safe: for 24 hours the same key with the same arguments gives the first answer and sends nothing. 1 to 255 printable ASCII characters, such as a UUID; it belongs to this API key.',
      }),
    },
    resolve: (_root, { integration, account, select, idempotencyKey, ...call }, context) =>
      proxy(context, { integration, account, select, idempotencyKey, readOnly: false }, call),
  }),
);

async function proxy(context: Context, asked: Omit<ExecutionInput, 'endpoint'>, call: ProxiedCall): Promise<Execution> {
  return holdUntilAsked(await executeProxied(context.gateway, requestOf(context, { ...asked, endpoint: '' }), call));
}
