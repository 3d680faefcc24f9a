/** How the next page is asked for, and whether there can be one. */
import { isReadOnly } from '../../catalogue.ts';
import type { Endpoint, Integration, Resource } from '../../format/format.ts';
import { checkExpression, type Report } from '../texts.ts';

export function checkPagination(endpoint: Endpoint, report: Report): void {
  const { pagination } = endpoint;
  if (pagination === undefined) return;
  for (const word of ['parameter', 'size_parameter'] as const) {
    const name = pagination[word];
    if (name !== undefined && !Object.hasOwn(endpoint.parameters, name)) report(['pagination', word], `there is no parameter ${name}`);
  }
  const { style, next, next_header: header, parameter } = pagination;
  const linked = style === 'next_link';
  if (linked && (next === undefined) === (header === undefined))
    report(['pagination', 'next'], 'the style `next_link` needs either this, the place of the link in the answer, or `next_header`');
  if (linked && !isReadOnly(endpoint)) report(['pagination', 'style'], 'only reads have pages that are linked to');
  if (!linked && header !== undefined) report(['pagination', 'next_header'], 'belongs to the style `next_link`');
  if (!linked && (style === 'cursor') !== (next !== undefined))
    report(['pagination', 'next'], 'belongs to the style `cursor`, and that style needs it');
  if (linked === (parameter !== undefined))
    report(['pagination', 'parameter'], linked ? 'has no meaning beside a link' : 'is missing: the parameter that asks for the next page');
  checkExpression(pagination.next, ['pagination', 'next'], report);
  checkExpression(pagination.items, ['pagination', 'items'], report);
  if (pagination.more !== undefined) checkMore(endpoint, report);
}

function checkMore(endpoint: Endpoint, report: Report): void {
  const { style, parameter, more, items } = endpoint.pagination ?? {};
  checkExpression(more, ['pagination', 'more'], report);
  if (style !== 'page' && style !== 'offset')
    return report(
      ['pagination', 'more'],
      'belongs to the styles `page` and `offset`: the others say by themselves whether there is a further page',
    );
  if (!isReadOnly(endpoint)) report(['pagination', 'more'], 'is for reads: nothing else has a next page to give');
  if (style === 'offset' && items === undefined)
    report(['pagination', 'items'], 'is missing: with `more`, the next page begins after the rows of this one');
  const known = parameter === undefined ? undefined : endpoint.parameters[parameter];
  if (known && known.type !== 'integer')
    report(['parameters', parameter as string, 'type'], 'must be integer, since `pagination.more` counts it up');
}

/** Other names for paths are asked of links alone. */
export function checkNextPaths({ next_paths, next_header }: Integration, resources: Iterable<Resource>, report: Report): void {
  if (next_paths === undefined) return;
  const paged = [...resources]
    .flatMap(({ endpoints }) => Object.values(endpoints))
    .filter((endpoint) => endpoint.pagination && isReadOnly(endpoint));
  if (paged.some(({ pagination }) => pagination?.style === 'next_link' || (next_header !== undefined && pagination?.more === undefined)))
    return;
  report(
    ['next_paths'],
    'is asked of links to next pages, and no endpoint gives one: it needs `next_header`, or an endpoint with `pagination` of the style `next_link`',
  );
}
