/** JSON.parse for answers whose numbers must keep their digits. */
import { isExact } from './check-json.ts';

/** A number that is long enough to be changed, or something in a text that looks like one: with a reviver parsing takes several times as long. */
const longNumber = /(?:^|[:,[\s])-?(?:[\d.]{16,}|[\d.]+[eE])/;

/** `keep` makes what stands for a number that JavaScript would change, of its digits. Throws SyntaxError. */
export function parseDigits(text: string, keep: (digits: string) => unknown): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_name: string, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    return typeof value === 'number' && source !== undefined && !isExact(source.replace('-', '')) ? keep(source) : value;
  });
}
