import { type FragmentOf, graphql } from './graphql.ts';

/** What the pages show of a connected account. */
export const AccountFields = graphql(`
  fragment Account on Connection @_unmask {
    id
    integration
    account
    isDefault
    status
    reconnectReason
    authType
    accessExpiresAt
    frozenAt
    createdAt
    service { slug name logoUrl }
    variables { name value description }
  }
`);

export type Account = FragmentOf<typeof AccountFields>;
