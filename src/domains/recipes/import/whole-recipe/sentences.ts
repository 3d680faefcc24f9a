/** Sentences of descriptions that somebody imports: another party's words, which agents read. */

const lengthMax = 200;

/**
 * What marks text or turns it round unseen: the tag block, controls of direction (UAX #9) and of format, and private use. Line breaks and
 * tabs become spaces.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** A text on one line, without what is not seen, at most so long. */
export function plainLine(text: string, charactersMax: number): string {
  const line = text
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replace(unseen, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  return line.length > charactersMax ? `${line.slice(0, charactersMax - 1)}…`.toWellFormed() : line;
}

/** For a name that stands in sentences of ours: nothing that could end them. */
export function plainName(text: string): string {
  return plainLine(text.replaceAll(/[^\p{L}\p{N} _&'()-]+/gu, ' '), 40);
}

/** The first sentence on one line, at most 200 characters. */
export function firstSentence(text: unknown): string {
  if (typeof text !== 'string') return '';
  const plain = plainLine(text.slice(0, 4_000).replaceAll(/<\/?[a-zA-Z][^<>]*>/g, ' '), 4_000);
  const [sentence = ''] = /^.*?[.!?](?= |$)/.exec(plain) ?? [plain];
  return plainLine(sentence, lengthMax);
}

/** In quotation marks that it cannot end, with a word of ours before. */
export function quoteSentence(mark: string, text: unknown): string {
  const sentence = firstSentence(text);
  return sentence === '' ? `${mark}, without a description.` : `${mark}: ${JSON.stringify(sentence)}`;
}
