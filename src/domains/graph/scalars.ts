import { GraphQLScalarType, Kind } from 'graphql';
import { badRequest } from '../../core/errors.ts';
import { isExact } from '../../core/json/check-json.ts';
import { RawJson } from '../../core/json/raw-json.ts';

/** Takes what JavaScript holds exactly, since a caller's numbers go out digit for digit; gives whatever a service sent. */
export const Int64 = new GraphQLScalarType<number, number | RawJson>({
  name: 'Int64',
  description:
    'A whole number of up to 64 bits, written as a number: the digits of a service arrive as they were sent, also beyond 2^53. As an argument it is a number, or its digits as a text, that JavaScript holds exactly.',
  serialize: (value) => {
    if (value instanceof RawJson || Number.isInteger(value)) return value as number | RawJson;
    throw badRequest('Int64 holds whole numbers only.');
  },
  parseValue: (value) => readInt64(typeof value === 'number' ? String(value) : value),
  parseLiteral: (node) => readInt64(node.kind === Kind.INT || node.kind === Kind.STRING ? node.value : undefined),
});

function readInt64(digits: unknown): number {
  if (typeof digits !== 'string' || !/^-?\d{1,19}$/.test(digits)) throw badRequest('Int64 takes a whole number, such as 42.');
  if (!isExact(digits.replace('-', '')))
    throw badRequest(
      `Int64 takes no number that would lose digits, such as ${digits}. Give it by \`execute\` or \`read\` as a text, where the service takes one.`,
    );
  return Number(digits);
}
