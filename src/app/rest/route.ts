/** A row of the table of REST routes. */
import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import type { Gateway } from '../../core/context.ts';
import type { RawAnswer } from '../../domains/executions/execution.ts';
import type { Operation } from '../operations/operation.ts';

/** What a row's functions see of a request. */
export interface RouteRequest<Body> {
  gateway: Gateway;
  /** Values of the path's `:names`. */
  path: Readonly<Record<string, string>>;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  /** Checked by the row's `body`; undefined where the row takes none, and beside a fault. */
  body: Body;
}

/** Where an answer is not the operation's output as JSON with the row's status. */
export interface RouteAnswer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  /** Passed on as it comes, with a status and headers of its own. */
  raw?: RawAnswer;
}

export interface Route<Body, Input, Output> {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** What it does, for the table of docs/api.md. */
  summary: string;
  access: 'key' | 'key_or_session' | 'session' | 'open';
  /** Where in the dashboard a person does it, for a row that takes a session alone. */
  page?: string;
  operation: Operation<Input, Output>;
  /** What answers clients that ask for text/markdown. */
  markdown?: Operation<Input, string>;
  /** Checks the JSON body; absent: the row takes none. */
  body?: z.ZodType<Body>;
  /** Default 1 MiB. */
  bodyBytesMax?: number;
  /** Takes application/x-www-form-urlencoded too. */
  form?: boolean;
  input(request: RouteRequest<Body>): Input;
  /** Default 200; 204 has no body. */
  status?: number;
  answer?(output: Output, request: RouteRequest<Body>): RouteAnswer;
  /** Of an answer whose JSON is not the operation's output. */
  output?: z.ZodType;
  /** Of a failure that is none of ours. */
  failure?: z.ZodType;
  /** The status of success is the service's. */
  passesStatus?: boolean;
  /** Of an output that is a text; absent: it is JSON. */
  mediaType?: string;
  /** What clients may ask for by `Accept` in place of JSON. */
  otherTypes?: readonly string[];
  /** Headers of a success, beside those that every answer has, and what each says. */
  headers?: Readonly<Record<string, string>>;
}

export type AnyRoute = Route<unknown, unknown, unknown>;

/** Holds a row's functions to the types of its body and its operation. */
export function route<Body, Input, Output>(row: Route<Body, Input, Output>): AnyRoute {
  return row;
}
