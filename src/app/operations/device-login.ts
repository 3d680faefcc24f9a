import { z } from 'zod';
import { schema } from '../graphql/schema.ts';
import { PreparedDocument } from './documents.ts';
import type { Operation } from './operation.ts';

/** Scopes of a device login: a list, or a text with spaces (RFC 6749, section 3.3) or commas between them. */
export const deviceScopes = z.union([
  z.string().transform((list) => list.split(/[\s,]+/).filter((scope) => scope !== '')),
  z.array(z.string()),
]);

const decisionInput = z.strictObject({ user_code: z.string(), deny: z.boolean().optional(), scopes: deviceScopes.optional() });
const decisionOutput = z.strictObject({ status: z.enum(['authorized', 'denied']) });

const lookUp = new PreparedDocument(
  schema,
  'query ($userCode: String!) { deviceRequest(userCode: $userCode) { userCode } }',
  'the operation decide_device',
);
const decide = new PreparedDocument(
  schema,
  `mutation ($userCode: String!, $scopes: [String!], $deny: Boolean) {
    authorizeDevice(userCode: $userCode, scopes: $scopes, deny: $deny) { status } }`,
  'the operation decide_device',
);

/** In one step for whoever types the code where they decide; the page shows what it stands for first. */
export const decideDevice: Operation<z.output<typeof decisionInput>, z.infer<typeof decisionOutput>> = {
  name: 'decide_device',
  input: decisionInput,
  output: decisionOutput,
  run: async (context, { user_code: userCode, scopes, deny }) => {
    await lookUp.ask(context, { userCode });
    const { authorizeDevice } = await decide.ask(context, { userCode, scopes, deny });
    return { status: authorizeDevice.status };
  },
};
