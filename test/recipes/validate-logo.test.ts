/** Logos: small drawings, in which nothing runs and nothing is fetched. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLogo } from '../../src/domains/recipes/check/logo.ts';
import { faultsOf, filesOf, load, soundRecipe, writeFolder } from './sound-recipe.ts';

const recipes = path.resolve(import.meta.dirname, '../../recipes');
const sound =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><title>Letters</title><path fill="#c2410c" d="M2 6h20v12H2z"/></svg>\n';
const inside = (text: string) => sound.replace('<title>Letters</title>', text);

const faultsOfLogo = (text: string) => {
  const faults: string[] = [];
  checkLogo(text, (_place, message) => faults.push(message));
  return faults;
};

describe('a logo', () => {
  it('of shapes and colours becomes part of its integration', async () => {
    const catalogue = await load(await writeFolder({ ...filesOf(soundRecipe()), 'letters/logo.svg': sound }));
    expect(catalogue.find('letters')?.logo?.toString()).toBe(sound);
    expect((await load(await writeFolder(filesOf(soundRecipe())))).find('letters')?.logo).toBeUndefined();
  });
  it('that is none is a fault of its file', async () => {
    expect(
      await faultsOf(load(await writeFolder({ ...filesOf(soundRecipe()), 'letters/logo.svg': inside('<script>1</script>') }))),
    ).toEqual([
      'letters/logo.svg: : holds "<script>"; of elements it may have svg, title, g, path, circle, ellipse, rect, line, polyline, polygon',
    ]);
  });
  it.each([
    ['a script', '<script>alert(1)</script>'],
    ['a handler', '<path onload="alert(1)" d="M0 0"/>'],
    ['a handler without quotes', '<path onload=alert(1) d="M0 0"/>'],
    ['a link', '<a href="javascript:alert(1)"><path d="M0 0"/></a>'],
    ['a picture', '<image href="https://evil.example/x.png"/>'],
    ['a use', '<use href="#x"/>'],
    ['a style', '<style>*{fill:url(https://evil.example)}</style>'],
    ['a style of an element', '<path style="fill:red" d="M0 0"/>'],
    ['a colour that is fetched', '<path fill="url(https://evil.example)" d="M0 0"/>'],
    ['HTML', '<foreignObject><body/></foreignObject>'],
    ['an entity', '<!DOCTYPE svg [<!ENTITY x "y">]>'],
    ['an instruction', '<?xml-stylesheet href="x.css"?>'],
    ['an element of another space', '<svg:script/>'],
    ['an open end', '<path d="M0 0"'],
    ['an animation', '<animate attributeName="d" to="M0 0"/>'],
  ])('with %s is refused', (_what, text) => {
    expect(faultsOfLogo(inside(text))).toHaveLength(1);
  });
  it('without its root, or of more than 8 KiB, is refused', () => {
    expect(faultsOfLogo(sound)).toEqual([]);
    expect(faultsOfLogo(sound.replace('viewBox="0 0 24 24"', 'viewBox="0 0 24 24" onload="alert(1)"'))).toHaveLength(1);
    expect(faultsOfLogo('<path d="M0 0"/>')).toHaveLength(1);
    expect(faultsOfLogo(inside(`<path d="${'M0 0'.repeat(3000)}"/>`))).toEqual(['has more than 8192 bytes; a logo is a simple drawing']);
  });
  it('is there for every integration that comes with Skillett', () => {
    for (const slug of readdirSync(recipes).filter((name) => !name.endsWith('.json')))
      expect([slug, faultsOfLogo(readFileSync(path.join(recipes, slug, 'logo.svg'), 'utf8'))]).toEqual([slug, []]);
  });
});
