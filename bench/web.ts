/**
 * What the dashboard costs a browser: compressed script of the first page, GraphQL requests of the home page, and the time
 * until it can be used, with an empty cache. Run with `npm run bench:web`.
 */
import type { Page } from 'playwright-core';
import buildDashboard from '../test/web/build-dashboard.ts';
import { openStand, watchGraphql } from '../test/web/stand.ts';

const rounds = 7;

interface Opened {
  scriptBytes: number;
  styleBytes: number;
  graphqlRequests: number;
  /** From the start of the navigation until what the page is for is shown and can be pressed. */
  usableMs: number;
}

await buildDashboard();
const stand = await openStand();
try {
  const rows = [];
  for (const [name, path, ready] of [
    ['sign-in', '/sign-in', (page: Page) => page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()],
    ['home', '/dashboard', (page: Page) => page.getByRole('button', { name: 'Show as table' }).waitFor()],
    ['integrations', '/dashboard/integrations', (page: Page) => page.getByRole('link', { name: 'GitHub' }).waitFor()],
    [
      'endpoint',
      '/dashboard/integrations/sandbox?endpoint=create_note',
      (page: Page) => page.getByRole('button', { name: 'Run', exact: true }).waitFor(),
    ],
  ] as const) {
    const opened: Opened[] = [];
    for (let round = 0; round < rounds; round += 1) opened.push(await open(path, ready));
    const usable = opened.map(({ usableMs }) => usableMs).sort((a, b) => a - b);
    const [first] = opened as [Opened];
    rows.push({
      page: name,
      'script KB (brotli)': kilobytes(first.scriptBytes),
      'style KB (brotli)': kilobytes(first.styleBytes),
      'GraphQL requests': first.graphqlRequests,
      'usable after ms (median)': Math.round(usable[Math.floor(rounds / 2)] as number),
      'slowest ms': Math.round(usable.at(-1) as number),
    });
  }
  console.table(rows);
  const home = rows[1] as (typeof rows)[number];
  if (home['script KB (brotli)'] >= 150 || home['GraphQL requests'] !== 1) {
    console.error('The home page must need less than 150 KB of script and exactly one GraphQL request.');
    process.exitCode = 1;
  }
} finally {
  await stand.close();
}

function kilobytes(bytes: number): number {
  return Math.round(bytes / 100) / 10;
}

async function open(path: string, ready: (page: Page) => Promise<void>): Promise<Opened> {
  const { context, page } = path === '/sign-in' ? await stand.openWindow() : await stand.openOwnerWindow();
  const sent = watchGraphql(page);
  await page.goto(stand.url + path, { waitUntil: 'commit' });
  await ready(page);
  const usableMs = await page.evaluate(() => performance.now());
  await page.waitForLoadState('networkidle');
  const bytes = await page.evaluate(() => {
    const loaded = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
    const sum = (ending: string) =>
      loaded.filter(({ name }) => name.endsWith(ending)).reduce((total, { encodedBodySize }) => total + encodedBodySize, 0);
    return { scriptBytes: sum('.js'), styleBytes: sum('.css') };
  });
  await context.close();
  return { ...bytes, graphqlRequests: sent.length, usableMs };
}
