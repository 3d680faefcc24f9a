import { type Kysely, sql } from 'kysely';

/** Ways to connect by a credential with which the gateway asks for tokens, or signs requests. A process of before knows none of them. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table connections drop constraint connections_auth_type_check`.execute(db);
  await sql`alter table connections add constraint connections_auth_type_check
    check (auth_type in ('oauth2', 'bearer', 'api_key', 'basic', 'client_credentials', 'jwt_bearer', 'signature_v4'))`.execute(db);
}
