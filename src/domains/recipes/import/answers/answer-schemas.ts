/** Where a description says what an operation answers on success. */
import { type Answered, type Operation, resolve, type Schema } from '../openapi.ts';

export interface DescribedAnswer {
  schema: Schema | undefined;
  /** Answers that the description shows. */
  samples: unknown[];
}

/** Undefined where nothing is said of an answer in JSON. `accept`: the media type that the request asks for. */
export function findAnswer(document: object, { responses }: Operation, accept?: string): DescribedAnswer | undefined {
  const said = typeof responses === 'object' && responses !== null ? Object.entries(responses) : [];
  const good = said.filter(([status]) => /^2(\d\d|XX)$/i.test(status)).sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [, reference] of good) {
    const response = resolve<Answered>(document, reference);
    const contents = Object.entries(response?.content ?? {}).filter(([type]) => /^[\w.+-]+\/([\w.-]+\+)?json\b|^\*\/\*/.test(type));
    const [, content] = contents.find(([type]) => type === accept) ?? contents[0] ?? [];
    if (!content) continue;
    const shown = Object.values(content.examples ?? {}).map((one) => resolve<{ value?: unknown }>(document, one)?.value);
    const samples = [content.example, ...shown].filter((one) => one !== undefined);
    if (content.schema || samples.length > 0) return { schema: content.schema, samples };
  }
  return undefined;
}
