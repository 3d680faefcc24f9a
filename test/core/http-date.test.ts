import { expect, test } from 'vitest';
import { parseHttpDate } from '../../src/core/text/http-date.ts';

const nowMs = Date.UTC(2026, 10, 27);

test.each([
  ['Sun, 06 Nov 1994 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Sun Nov  6 08:49:37 1994', Date.UTC(1994, 10, 6, 8, 49, 37)],
  ['Friday, 27-Nov-26 00:00:01 GMT', Date.UTC(2026, 10, 27, 0, 0, 1)],
  ['Friday, 27-Nov-76 00:00:01 GMT', Date.UTC(2076, 10, 27, 0, 0, 1)],
  ['Sat, 31 Dec 2016 23:59:60 GMT', Date.UTC(2016, 11, 31, 23, 59, 59)],
  [new Date(nowMs).toUTCString(), nowMs],
])('reads %s', (text, ms) => {
  expect(parseHttpDate(text, nowMs)).toBe(ms);
});

test.each([
  '-3',
  '2026',
  'tomorrow 5',
  '2026-11-27T00:00:00Z',
  'Sun, 06 Nov 1994 08:49:37 +0100',
  'Sun, 6 Nov 1994 08:49:37 GMT',
  'sun, 06 nov 1994 08:49:37 gmt',
  'Sun, 31 Feb 2026 08:49:37 GMT',
  'Sun, 06 Nov 1994 24:49:37 GMT',
  'Sun, 06 Nov 1994 08:60:37 GMT',
  'Sun, 06 Nov 1994 08:49:61 GMT',
  'Sun, 00 Nov 1994 08:49:37 GMT',
  ' Sun, 06 Nov 1994 08:49:37 GMT',
  '',
])('takes no other text for a date: %s', (text) => {
  expect(parseHttpDate(text, nowMs)).toBeUndefined();
});
