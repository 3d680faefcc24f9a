/** What nobody sees, or what turns the direction of writing: controls, formats and tags, private and lone surrogates, line and paragraph separators. */
const unseen = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * A name or text of a service or of other people, as it may stand in a sentence of ours: a JSON string of at most `lengthMax` characters,
 * with what cannot be seen as `\uXXXX`. So nobody's name can end its quotation and go on in our voice.
 */
export function quoted(text: string, lengthMax = 200): string {
  // A character takes two units at most, so that a long text is not taken apart as a whole.
  const characters = [...text.slice(0, 2 * lengthMax + 2)];
  const shown = characters.length > lengthMax ? `${characters.slice(0, lengthMax).join('')}…` : characters.join('');
  return JSON.stringify(shown).replace(unseen, (found) => found.split('').map(escapeUnit).join(''));
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
