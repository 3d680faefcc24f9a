/** What a service's answer means for its call. Whether a call succeeded is decided here and nowhere else. */
import { jsonBytesMax } from '../../../core/json/json-body.ts';
import type { RawJson } from '../../../core/json/raw-json.ts';
import type { AddressCredential } from '../../../core/outbound/address-credential.ts';
import { isRedirect, type OutboundAnswer, OutboundError } from '../../../core/outbound/outbound.ts';
import { Crowded } from '../../../core/turns/turn.ts';
import type { CatalogueEndpoint, CatalogueIntegration } from '../../recipes/catalogue.ts';
import { isTruthy } from '../../recipes/expression.ts';
import { evaluateOn, failureStatusDefault, findFailure, noGraphqlErrors, successRule } from '../../recipes/success.ts';
import { type NextPlace, nextPlaceOf } from '../request/next-page.ts';
import { ExpressionFailed } from './expression-thread.ts';
import { Expressions } from './expressions.ts';
import { hasErrors, unwrapData } from './graphql-answer.ts';
import { streamOf } from './passed/streams.ts';
import { readAnswer } from './read-answer.ts';
import { type Reader, requireRoom, tellCrowded } from './whole-answers.ts';

export interface JudgedAnswer {
  answer: OutboundAnswer;
  /** For the caller: the service's own, or the one that the recipe gives to a failure which came as a success. */
  status: number;
  ok: boolean;
  /** The service's code for such a failure. */
  code: string | undefined;
  /** The body says that the service was called too often (`rate_limit.when`). */
  limited: boolean;
  /** What stands in `data` or `error`, where it had to be read to know. */
  json: RawJson | undefined;
  /** What the body says of the next page: its address, or that there is one, beside the number of rows here where the recipe knows it. */
  next?: { link: string } | { rows: number | undefined } | undefined;
}

/** How the answer was asked for. */
interface Question extends Reader {
  integration: CatalogueIntegration;
  endpoint: CatalogueEndpoint;
  /** The body passes as it comes, and is not looked into. */
  raw: boolean;
  addressCredential: AddressCredential;
}

/** A status for the caller says it all: kept answers are judged again by it alone. */
export function isSuccess(status: number): boolean {
  return status < 400;
}

/** Throws OutboundError when the body has to be read and does not arrive, or when nobody can tell what it means. At once where it need not be read. */
export function judgeAnswer(question: Question, answer: OutboundAnswer): JudgedAnswer | Promise<JudgedAnswer> {
  const { status } = answer;
  // Nothing was done yet: the service wants the request somewhere else, and it was not to be followed there.
  if (isRedirect(status) && !question.endpoint.readOnly)
    return { answer, status: failureStatusDefault, ok: false, code: undefined, limited: false, json: undefined };
  const isRead = !question.raw && mayFail(status) && streamOf(question.endpoint, answer) === undefined;
  const rule = isRead ? successRule(question.integration.recipe, question.endpoint.spec) : undefined;
  const place = isRead ? nextPlaceOf(question.integration, question.endpoint) : undefined;
  const nextAt = place?.kind === 'header' ? undefined : place;
  if (rule || nextAt !== undefined) return judgeBody(question, answer, rule, nextAt);
  const judge = (limited: boolean) => ({ answer, status, ok: isSuccess(status), code: undefined, limited, json: undefined });
  const limited = saysTooMany(question.integration, answer);
  return limited instanceof Promise ? limited.then(judge) : judge(limited);
}

/** Where a body says how its list goes on. */
type BodyPlace = Exclude<NextPlace, { kind: 'header' }>;

async function judgeBody(
  question: Question,
  answer: OutboundAnswer,
  rule: ReturnType<typeof successRule>,
  nextAt: BodyPlace | undefined,
): Promise<JudgedAnswer> {
  const { status } = answer;
  await requireRoom(question, answer);
  const json = await readAnswer(answer, { wholeBytesMax: jsonBytesMax, reader: question });
  const whole = await json.load();
  const evaluate = evaluateIn(question, whole);
  const { graphql } = question.endpoint.spec;
  const sound = graphql && rule?.when === noGraphqlErrors && !(await hasErrors(whole));
  const failure = rule && !sound ? await findFailure(rule, evaluate) : undefined;
  if (failure) return { answer, status: failure.status, ok: false, code: failure.code, limited: false, json };
  const data = graphql ? await unwrapData(question, whole, graphql) : json;
  const evaluateData = graphql && nextAt !== undefined ? evaluateIn(question, await data.load()) : evaluate;
  const next = nextAt && (await findNext(nextAt, evaluateData));
  return { answer, status, ok: true, code: undefined, limited: false, json: data, next };
}

async function findNext(place: BodyPlace, evaluate: (expression: string) => unknown): Promise<JudgedAnswer['next']> {
  if (place.kind === 'link') {
    const link = await evaluate(place.at);
    return typeof link === 'string' ? { link } : undefined;
  }
  const { more, count } = place.paging;
  if (!isTruthy(await evaluate(more))) return undefined;
  const rows = count === undefined ? undefined : await evaluate(count);
  return { rows: count === undefined ? undefined : typeof rows === 'number' ? rows : 0 };
}

/** Only 2xx can be a failure in disguise; 204 and 205 have no body to say so (RFC 9110, sections 15.3.5 and 15.3.6). */
function mayFail(status: number): boolean {
  return status >= 200 && status < 300 && status !== 204 && status !== 205;
}

/** Longer than any service takes to say it. */
const limitBytesMax = 64 * 1024;

/** The body stays readable. */
function saysTooMany({ recipe }: CatalogueIntegration, answer: OutboundAnswer): boolean | Promise<boolean> {
  const { when, statuses = [429] } = recipe.rate_limit ?? {};
  if (when === undefined || !statuses.includes(answer.status)) return false;
  return answer.collect(limitBytesMax).then((body) => body !== undefined && isTruthy(evaluateOn(parseJson(body))(when)));
}

/** Up to here parsing takes less than a millisecond, and less than handing it to a thread. */
const parsedHereBytesMax = 64 * 1024;

/** Apart from those of `select`, so that nobody's expression makes other people's calls wait. */
const expressions = new Expressions({ timeoutMs: 20_000, patienceMs: 20_000, threads: 1 });

/** An expression's value on the answer; undefined where the answer is nothing the expression can take. */
function evaluateIn(question: Question, json: Buffer): (expression: string) => unknown {
  let known: ((expression: string) => unknown) | undefined;
  if (json.length <= parsedHereBytesMax)
    return (expression) => {
      // What nobody asks is not parsed.
      known ??= evaluateOn(parseJson(json));
      return known(expression);
    };
  const { slug } = question.integration;
  return async (expression) => {
    try {
      return JSON.parse((await expressions.evaluate(json, expression, question)).toString('utf8'));
    } catch (error) {
      if (error instanceof ExpressionFailed) return undefined;
      if (error instanceof Crowded) throw tellCrowded(question, slug, 'read as its recipe says', error);
      throw OutboundError.malformed(slug, `gave an answer that could not be read as its recipe says: ${(error as Error).message}`);
    }
  };
}

/** What only looks like JSON is nothing that an expression finds something in. */
function parseJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return null;
  }
}
