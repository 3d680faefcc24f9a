/** One query over our own fields and those of services, with urql: `node examples/graphql.ts`, after `npm install @urql/core graphql`. */
import { Client, fetchExchange, gql } from '@urql/core';

const client = new Client({
  url: `${process.env.SKILLETT_URL ?? 'http://localhost:4000'}/graphql`,
  preferGetMethod: false,
  fetchOptions: { headers: { authorization: `Bearer ${process.env.SKILLETT_API_KEY}` } },
  exchanges: [fetchExchange],
});

const { data, error } = await client
  .query(
    gql`
      query Overview {
        viewer { kind scopes }
        connections(first: 10) { nodes { integration account status } }
        calls(first: 3) { nodes { endpoint outcome totalMs } }
        sandbox { list_notes { notes { id title } } }
      }
    `,
    {},
  )
  .toPromise();
if (error) throw error;
console.log(JSON.stringify(data, undefined, 2));
