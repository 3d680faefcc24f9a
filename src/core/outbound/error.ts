import { type ErrorCode, SkillettError } from '../errors.ts';

/**
 * `refused`: the address may not be called. `untrusted`: whoever answers there has no certificate that counts. `malformed`: what came
 * is no answer. `aborted`: whoever asked has gone.
 */
type FailureKind = 'refused' | 'network' | 'untrusted' | 'timeout' | 'aborted' | 'malformed';

/** The service could not be asked, or its answer did not arrive. Messages name the integration and never an address. */
export class OutboundError extends SkillettError {
  readonly kind: FailureKind;
  /** Whether the service may have received any part of the request. */
  readonly sent: boolean;

  constructor(code: ErrorCode, message: string, kind: FailureKind, sent: boolean, cause?: unknown) {
    super(code, message, { cause });
    this.kind = kind;
    this.sent = sent;
  }

  static refused(integration: string, cause?: unknown): OutboundError {
    return new OutboundError(
      'upstream_unreachable',
      `The address of ${integration} leads into a private or local network, which Skillett does not call. Whoever runs this installation can allow it with SKILLETT_OUTBOUND_ALLOW, and for an integration that a user imported by sharing that too.`,
      'refused',
      false,
      cause,
    );
  }

  /** Whoever asked has gone, or wants no more of it. */
  static givenUp(integration: string, sent: boolean): OutboundError {
    return new OutboundError('upstream_unreachable', `The call to ${integration} was given up.`, 'aborted', sent);
  }

  static malformed(integration: string, what: string, note = ''): OutboundError {
    return new OutboundError('upstream_unexpected', `${integration} ${what}.${note}`, 'malformed', true);
  }
}

/** Marks a refusal on its way through the socket. */
export class RefusedAddress extends Error {}

/** What undici or the socket said, in the words of a client. `note` is advice for what was sent and may have taken effect. */
export function describeFailure(error: Error & { code?: unknown }, integration: string, sent: boolean, note: string): Error {
  const code = typeof error.code === 'string' ? error.code : '';
  // What undici will not put into a request is a fault of ours, and must not look like the service's.
  if (error instanceof SkillettError || code === 'UND_ERR_INVALID_ARG') return error;
  if (error instanceof RefusedAddress) return OutboundError.refused(integration, error);
  // The parser's error holds the bytes it met, which must not reach a log.
  if (error.name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW')
    return OutboundError.malformed(integration, 'sent something that is not an HTTP answer', note);
  // The answer to an expectation that no request of ours has; undici knows no way on from there.
  if (code === 'UND_ERR_SOCKET' && error.message === 'bad response')
    return OutboundError.malformed(integration, 'sent “100 Continue”, which nobody had asked it for, before its answer', note);
  const untrusted = untrustedReasonOf(code);
  if (untrusted) return new OutboundError('upstream_unreachable', `${integration} is not trusted: ${untrusted}`, 'untrusted', sent, error);
  const message = `${integration} cannot be reached: ${reasonOf(code)}.${note || ' Try again shortly.'}`;
  return new OutboundError('upstream_unreachable', message, 'network', sent, error);
}

function reasonOf(code: string): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'its host name does not resolve';
  if (code === 'ECONNREFUSED') return 'it refuses connections';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'it does not accept a connection';
  return 'the connection broke off';
}

/** By the codes that node:tls gives, those of OpenSSL's X509_V_ERR_… among them. A new attempt would end alike, so each says what helps. */
function untrustedReasonOf(code: string): string | undefined {
  if (code === 'CERT_HAS_EXPIRED')
    return "its TLS certificate has expired. Whoever runs the service has to renew it; if it is good, this server's clock is wrong.";
  if (code === 'CERT_NOT_YET_VALID') return "its TLS certificate is not valid yet. Check this server's clock.";
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'its TLS certificate is for another host name. Check the address that was set for it.';
  if (/^(UNABLE_TO_(GET|VERIFY)|SELF_SIGNED|DEPTH_ZERO_SELF_SIGNED|CERT_UNTRUSTED)/.test(code))
    return 'its TLS certificate comes from an authority that this server does not know. If it is your own, start Skillett with NODE_EXTRA_CA_CERTS=<file with the authority’s certificate>.';
  return /CERT|ERR_TLS|ERR_SSL/.test(code) ? 'its TLS certificate or settings are not acceptable.' : undefined;
}
