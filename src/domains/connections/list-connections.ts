/** Connections and consents as clients see them. */
import type { Gateway } from '../../core/context.ts';
import { decodeTimeCursor, encodeCursor, type Page, type PageRequest } from '../../core/pages.ts';
import { maySee, type Principal } from '../../core/principal.ts';
import { type Consent, findConsent } from './consent-store.ts';
import { type Connection, countConnections, findConnection, listConnectionsOf } from './store.ts';

/** A connection, or the consent that is to make one, under the id that was asked for. */
export interface ConnectionView {
  id: string;
  integration: string;
  status: 'pending' | 'connected' | 'error';
  /** Why there is no working connection: `denied`, `expired`, `failed`. */
  reason: string | null;
  /** The connection itself; undefined while a consent has made none. */
  connection: Connection | undefined;
  /** Label asked for by a consent that has made no connection yet. */
  label: string | null;
  /** The key or session that started the consent; null where the id is a connection's own. */
  startedBy: string | null;
  createdAt: Date;
}

export function viewConnection(connection: Connection, id = connection.id): ConnectionView {
  const broken = connection.status !== 'connected';
  return {
    id,
    integration: connection.integration,
    status: broken ? 'error' : 'connected',
    reason: broken ? 'failed' : null,
    connection,
    label: null,
    startedBy: null,
    createdAt: connection.createdAt,
  };
}

export function viewConsent(consent: Consent): ConnectionView {
  const expired = consent.status === 'pending' && consent.expired;
  return {
    id: consent.id,
    integration: consent.integration,
    status: expired ? 'error' : consent.status,
    reason: expired ? 'expired' : consent.reason,
    connection: undefined,
    label: consent.account,
    startedBy: consent.startedBy,
    createdAt: consent.createdAt,
  };
}

/** By the id of a connection or of a consent. Undefined for one of somebody else, or of an integration beyond the key's scopes. */
export async function findConnectionView(gateway: Gateway, principal: Principal, id: string): Promise<ConnectionView | undefined> {
  const { db, clock } = gateway;
  // The database takes no NUL in a text, and no id has one.
  if (id.includes('\0')) return undefined;
  const consent = await findConsent(db, clock, principal.userId, id);
  const connection = await findConnection(db, principal.userId, consent?.connectionId ?? id);
  const view = connection ? viewConnection(connection, id) : consent && viewConsent(consent);
  return view && maySee(principal.scopes, view.integration) ? view : undefined;
}

/** The user's connections within the key's scopes, oldest first. */
export async function listConnections(gateway: Gateway, principal: Principal, request: PageRequest): Promise<Page<ConnectionView>> {
  const { db, userId } = { db: gateway.db, userId: principal.userId };
  const slugs = gateway.catalogue.integrations.map(({ slug }) => slug).filter((slug) => maySee(principal.scopes, slug));
  const after = request.after === undefined ? undefined : decodeTimeCursor(request.after);
  const [rows, total] = await Promise.all([
    listConnectionsOf(db, userId, slugs, { limit: request.first + 1, ...(after ? { after } : {}) }),
    countConnections(db, userId, slugs),
  ]);
  const shown = rows.slice(0, request.first);
  return {
    rows: shown.map((row) => viewConnection(row)),
    cursors: shown.map((row) => encodeCursor([row.createdAt.getTime(), row.id])),
    hasNextPage: rows.length > shown.length,
    total,
  };
}
