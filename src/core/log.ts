import { type DestinationStream, pino } from 'pino';

export type Log = pino.Logger;

/** Names under which a secret could reach a log line; pino replaces their values. Messages themselves never hold one. */
const secretPaths = [
  'authorization',
  'cookie',
  'password',
  'token',
  'access_token',
  'refresh_token',
  'client_secret',
  'private_key',
  'key_file',
  'secret_access_key',
  'assertion',
  'api_key',
  'credential',
  'credentials',
  'full_key',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`]);

/** An error of the database also holds the values of its statement (`params`, `detail`): hashes, addresses, whole rows. */
const errorFields = ['type', 'message', 'stack', 'code', 'syscall', 'query', 'table', 'column', 'constraint', 'routine'] as const;

function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const whole = pino.stdSerializers.err(error) as unknown as Record<string, unknown>;
  return Object.fromEntries(errorFields.filter((name) => whole[name] !== undefined).map((name) => [name, whole[name]]));
}

/** One JSON object a line on standard error, so that what the first start prints on standard output stays readable and separate. */
export function createLog(level: string, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: secretPaths, censor: '[secret]' },
      serializers: { err: describeError },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
}
