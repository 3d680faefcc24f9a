import { expect, it } from 'vitest';
import { cleanClientName } from '../../src/core/text/client-name.ts';

it.each([
  ['a filler of Hangul', '\u3164'],
  ['fillers of all kinds', '\u115f\u1160\uffa0\u3164'],
  ['the empty pattern of Braille', '\u2800\u2800'],
  ['spaces of other widths', '\u3000\u2003\u00a0'],
  ['joiners and what turns the direction', '\u200d\u202e\u2066'],
  ['marks alone', '\u0301\u0308\u034f'],
  ['selectors of variants', '\ufe0f\u{e0101}'],
  ['nothing', ''],
])('a name that looks empty is none: %s', (_what, name) => {
  expect(cleanClientName(name, 'client.example')).toBe('client.example');
});

it.each([
  ['Claude', 'Claude'],
  ['  Claude\n\u202eCode\u3164 ', 'Claude Code'],
  ['Éditeur', 'Éditeur'],
  ['E\u0301diteur', 'E\u0301diteur'],
  ['नमस्ते', 'नमस्ते'],
  ['한글', '한글'],
  ['❤\ufe0f', '❤\ufe0f'],
  [`a${'\u0301'.repeat(99)}b`, `a${'\u0301'.repeat(4)}b`],
  ['x'.repeat(200), 'x'.repeat(100)],
])('a name that can be seen stays, without what hides or piles up: %j', (name, clean) => {
  expect(cleanClientName(name, 'client.example')).toBe(clean);
});
