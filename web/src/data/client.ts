/** The GraphQL client. The session cookie goes along by itself; an answer 401 asks for a sign-in. */

import { Client, cacheExchange, fetchExchange, mapExchange } from 'urql';
import { at } from './base.ts';
import { rememberPerson } from './person.ts';
import { noticeSessionEnd } from './session-end.ts';

export const client: Client = new Client({
  url: at('/graphql'),
  fetchOptions: { credentials: 'same-origin' },
  preferGetMethod: false,
  // What was shown before appears at once and is brought up to date behind it.
  requestPolicy: 'cache-and-network',
  exchanges: [
    cacheExchange,
    mapExchange({
      onResult: ({ data, error, operation }) => {
        if (data?.viewer?.user) rememberPerson(data.viewer.user);
        if (error?.graphQLErrors.some(({ extensions }) => extensions.code === 'unauthorized')) {
          // A mutation is repeated by whoever wanted it.
          const repeated = client.createRequestOperation('query', operation, { ...operation.context, requestPolicy: 'network-only' });
          noticeSessionEnd(
            operation.kind === 'query' ? { key: operation.key, askAgain: () => client.reexecuteOperation(repeated) } : undefined,
          );
        }
      },
    }),
    fetchExchange,
  ],
});
