/** How a recipe says that answers come as a stream. */
import { z } from 'zod';

export const answerStream = z
  .enum(['sse', 'ndjson'])
  .describe(
    'The answer is a stream: of server-sent events (`text/event-stream`), or of lines of JSON (`application/x-ndjson`). Over REST it is passed on live to clients that accept that type; otherwise it is collected up to 1 MiB, as a list of `{"event", "id", "data"}` or of the values. `timeout_ms` is then its whole length, up to 900000. `success` is not asked of it.',
  );

export type AnswerStream = z.infer<typeof answerStream>;
