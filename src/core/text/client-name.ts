const lengthMax = 100;

/** What shows nothing, also where Unicode counts it among letters and symbols: fillers of Hangul, and the empty pattern of Braille. */
const gaps = /[\p{C}\s\u115f\u1160\u2800\u3164\uffa0]+/gu;
/** Marks stand on something; more than a writing needs pile up over the lines around. */
const piledMarks = /(\p{M}{4})\p{M}+/gu;
const seen = /[^\p{M}\p{Default_Ignorable_Code_Point}\s]/u;

/** What a client calls itself, as it may be shown where people decide: it cannot reorder, hide or break the text around it, nor look empty. */
export function cleanClientName(name: string | undefined, otherwise: string): string {
  const clean = (name ?? '').replace(gaps, ' ').replace(piledMarks, '$1').trim();
  const short = [...clean].slice(0, lengthMax).join('');
  return seen.test(short) ? short : otherwise;
}
