/** Sentences of descriptions that somebody imports: another party's words, which agents read. */

const lengthMax = 200;

/**
 * What marks text or turns it round unseen: the tag block, controls of direction (UAX #9) and of format, and private use. Line breaks and
 * tabs become spaces.
 */
const unseen = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** The first sentence on one line, at most 200 characters. */
export function firstSentence(text: unknown): string {
  if (typeof text !== 'string') return '';
  const plain = text
    .slice(0, 4_000)
    .replaceAll(/<\/?[a-zA-Z][^<>]*>/g, ' ')
    .replaceAll(/[\r\n\t]+/g, ' ')
    .replace(unseen, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  const [sentence = ''] = /^.*?[.!?](?= |$)/.exec(plain) ?? [plain];
  return sentence.length > lengthMax ? `${sentence.slice(0, lengthMax - 1)}…`.toWellFormed() : sentence;
}

/** In quotation marks that it cannot end, with a word of ours before. */
export function quoteSentence(mark: string, text: unknown): string {
  const sentence = firstSentence(text);
  return sentence === '' ? `${mark}, without a description.` : `${mark}: ${JSON.stringify(sentence)}`;
}
