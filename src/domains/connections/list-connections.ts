/** Connections and consents as clients see them. */
import DataLoader from 'dataloader';
import type { Context, Gateway } from '../../core/context.ts';
import { decodeTimeCursor, type Page, type PageRequest, pageOfRows, type Total } from '../../core/paging.ts';
import { maySee, type Principal } from '../../core/principal.ts';
import { type Consent, findConsent } from './consent/consent-store.ts';
import {
  type Connection,
  countConnections,
  countConnectionsOfEach,
  findConnection,
  listConnectionsById,
  listConnectionsOf,
  listConnectionsOfEach,
} from './store.ts';

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

/** Connections by their ids, one query a request; undefined for those that are gone, and that whoever asks may not see. */
export function loadConnections(context: Context): DataLoader<string, ConnectionView | undefined> {
  return context.once(
    'connections',
    () =>
      new DataLoader(async (ids: readonly string[]) => {
        const { userId, scopes } = await context.principal();
        const rows = await listConnectionsById(context.gateway.db, ids, userId);
        const byId = new Map(rows.filter((row) => maySee(scopes, row.integration)).map((row) => [row.id, viewConnection(row)]));
        return ids.map((id) => byId.get(id));
      }),
  );
}

/** The user's connections within the key's scopes, oldest first; of one integration where `slug` names it. */
export async function listConnections(
  gateway: Gateway,
  principal: Principal,
  request: PageRequest,
  slug?: string,
): Promise<Page<ConnectionView>> {
  const { db, userId } = { db: gateway.db, userId: principal.userId };
  const slugs = gateway.catalogue.integrations
    .map((integration) => integration.slug)
    .filter((known) => (slug === undefined || known === slug) && maySee(principal.scopes, known));
  const page = { limit: request.first + 1, after: decodeTimeCursor(request.after) };
  const [rows, total] = await Promise.all([listConnectionsOf(db, userId, slugs, page), countConnections(db, userId, slugs)]);
  return viewPage(rows, request.first, total);
}

function viewPage(rows: readonly Connection[], first: number, total: Total): Page<ConnectionView> {
  const page = pageOfRows(rows, first, total, ({ createdAt, id }) => [createdAt, id]);
  return { ...page, rows: page.rows.map((row) => viewConnection(row)) };
}

/** As listConnections, of one of many integrations: those that ask for the same page share one query, and one for their totals. */
export async function listConnectionsOfIntegration(context: Context, slug: string, request: PageRequest): Promise<Page<ConnectionView>> {
  const { scopes } = await context.principal();
  if (!maySee(scopes, slug)) return viewPage([], request.first, 0);
  const rows = await loadPages(context, request).load(slug);
  return viewPage(rows, request.first, () => loadTotals(context).load(slug));
}

function loadPages(context: Context, { first, after }: PageRequest): DataLoader<string, Connection[]> {
  return context.once(`connections of integrations: ${first} after ${after ?? 'none'}`, () => {
    const position = after === undefined ? {} : { after: decodeTimeCursor(after) };
    return new DataLoader(async (slugs: readonly string[]) => {
      const { userId } = await context.principal();
      const rows = await listConnectionsOfEach(context.gateway.db, userId, slugs, { limit: first + 1, ...position });
      const bySlug = Map.groupBy(rows, (row) => row.integration);
      return slugs.map((slug) => bySlug.get(slug) ?? []);
    });
  });
}

function loadTotals(context: Context): DataLoader<string, number> {
  return context.once(
    'numbers of connections',
    () =>
      new DataLoader(async (slugs: readonly string[]) => {
        const { userId } = await context.principal();
        const totals = await countConnectionsOfEach(context.gateway.db, userId, slugs);
        return slugs.map((slug) => totals.get(slug) ?? 0);
      }),
  );
}
