/** The GraphQL client. The session cookie goes along by itself; an answer 401 leads to the sign-in page and back. */
import { Client, cacheExchange, fetchExchange, mapExchange } from 'urql';
import { rememberPerson } from './person.ts';
import { goToSignIn } from './sign-in.ts';

export const client = new Client({
  url: '/graphql',
  fetchOptions: { credentials: 'same-origin' },
  preferGetMethod: false,
  // What was shown before appears at once and is brought up to date behind it.
  requestPolicy: 'cache-and-network',
  exchanges: [
    cacheExchange,
    mapExchange({
      onResult: ({ data, error }) => {
        if (data?.viewer?.user) rememberPerson(data.viewer.user);
        if (error?.graphQLErrors.some(({ extensions }) => extensions.code === 'unauthorized')) goToSignIn();
      },
    }),
    fetchExchange,
  ],
});
