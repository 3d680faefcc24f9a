/** Device login: a program without a browser asks for a code, and a person approves it in a browser that is signed in (RFC 8628). */
import { randomBytes } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import { sha256 } from '../../core/crypto.ts';
import { badRequest, SkillettError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { coversScope, type Principal } from '../../core/principal.ts';
import { cleanClientName } from '../../core/text/client-name.ts';
import { parseScopes } from '../api-keys/api-keys.ts';
import { recordAudit } from '../audit/audit.ts';
import {
  type DeviceCode,
  decideDeviceCode,
  deleteOldDeviceCodes,
  expireDeviceCodes,
  insertDeviceCode,
  type OpenedDeviceCode,
  openDeviceCode,
} from './store.ts';
import { generateUserCode, readUserCode } from './user-code.ts';

export const deviceCodeSeconds = 900;
export const intervalSeconds = 5;
const keptDays = 1;
const defaultClientName = 'Command line';

export interface IssuedDeviceCode {
  /** 40 hex digits: the client's secret. */
  deviceCode: string;
  /** `XXXX-XXXX`: what the person types. */
  userCode: string;
}

export interface DeviceCodeRequest {
  /** As the client calls itself; anyone may claim any name. */
  clientName?: string | undefined;
  scopes?: readonly string[] | undefined;
  address: string;
}

/** Gives out a code. Throws bad_request for scopes that do not exist or that no device gets. */
export async function requestDeviceCode(gateway: Gateway, request: DeviceCodeRequest): Promise<IssuedDeviceCode> {
  const scopes = request.scopes === undefined ? ['*'] : parseScopes(gateway, request.scopes);
  if (scopes.includes('operator'))
    throw badRequest('A device login never carries `operator`: run the installation from the dashboard, signed in as its owner.');
  const deviceCode = randomBytes(20).toString('hex');
  // Two codes that are the same by chance: once in billions, and the next one will do.
  for (let turn = 0; turn < 5; turn += 1) {
    const userCode = generateUserCode();
    const made = await insertDeviceCode(gateway.db, gateway.clock, {
      id: newId('dev'),
      deviceCodeHash: sha256(deviceCode),
      userCodeHash: hashUserCode(gateway, userCode),
      clientName: cleanClientName(request.clientName, defaultClientName),
      clientAddress: request.address,
      scopes,
      intervalSeconds,
      lastsSeconds: deviceCodeSeconds,
    });
    if (made) return { deviceCode, userCode };
  }
  throw new Error('Five user codes in a row were in use.');
}

/** With so few codes a bare hash could be turned back; the key of this one is not in the database. */
function hashUserCode(gateway: Pick<Gateway, 'vault'>, userCode: string): Buffer {
  return Buffer.from(gateway.vault.hmac('device user codes', userCode), 'hex');
}

/** Approving is a person's doing, in a browser: a key that could approve would let a program make keys that outlive it. */
function requireSession(principal: Principal): void {
  if (principal.kind !== 'session')
    throw new SkillettError('forbidden', 'This takes a dashboard session, not an API key: sign in to the dashboard and do it there.', {
      action: '/device',
    });
}

/** The same for every code that cannot be approved here, so that guesses learn nothing. */
function refuseCode(): SkillettError {
  return badRequest(
    'This code cannot be approved here: it is mistyped, has expired or ended, or was opened in another session. Compare it with the device, look it up again, or start over on the device for a new one.',
  );
}

async function requireOpenCode(gateway: Gateway, principal: Principal, typed: string, bind: boolean): Promise<OpenedDeviceCode> {
  const userCode = readUserCode(typed);
  const code = userCode && (await openDeviceCode(gateway.db, gateway.clock, hashUserCode(gateway, userCode), principal.holderId, bind));
  if (!code) throw refuseCode();
  return code;
}

export interface DeviceRequest extends OpenedDeviceCode {
  userCode: string;
}

/** What the approval page shows of a code. From then on only the session that asked may approve or deny it. */
export async function lookUpDeviceCode(gateway: Gateway, principal: Principal, typed: string): Promise<DeviceRequest> {
  requireSession(principal);
  const code = await requireOpenCode(gateway, principal, typed, true);
  return { ...code, userCode: readUserCode(typed) as string };
}

export interface DeviceDecision {
  userCode: string;
  /** A part of the scopes asked for; left out: all of them. */
  scopes?: readonly string[] | undefined;
  deny: boolean;
}

/** Approves or denies a code that the session has looked up. */
export async function authorizeDevice(
  gateway: Gateway,
  principal: Principal,
  decision: DeviceDecision,
  requestId: string,
): Promise<'authorized' | 'denied'> {
  requireSession(principal);
  const code = await requireOpenCode(gateway, principal, decision.userCode, false);
  const status = decision.deny ? 'denied' : 'authorized';
  const grantedScopes = decision.deny ? null : narrowScopes(gateway, principal, code, decision.scopes);
  await gateway.db.transaction().execute(async (trx) => {
    const { holderId: sessionId, userId } = principal;
    if (!(await decideDeviceCode(trx, gateway.clock, { id: code.id, sessionId, userId, status, grantedScopes }))) throw refuseCode();
    await recordAudit(trx, {
      userId,
      actor: sessionId,
      action: `device_code.${status}`,
      target: code.id,
      details: { client: code.clientName, address: code.clientAddress, ...(grantedScopes ? { scopes: grantedScopes } : {}) },
      requestId,
    });
  });
  return status;
}

function narrowScopes(gateway: Gateway, principal: Principal, code: DeviceCode, asked: readonly string[] | undefined): string[] {
  const scopes = asked === undefined ? code.scopes : parseScopes(gateway, asked);
  const covers = (held: readonly string[], scope: string) => coversScope(held, scope, gateway.isReadOnlyScope);
  const beyond = scopes.filter((scope) => !covers(code.scopes, scope) || !covers(principal.scopes, scope));
  if (beyond.length > 0)
    throw new SkillettError(
      'forbidden',
      `${beyond.join(', ')} cannot be granted: the device asked for ${code.scopes.join(', ')}, and gets at most that.`,
    );
  return scopes;
}

/** Background job: what has expired stays so even if the clock is set back, and old codes are forgotten. */
export async function endDeviceCodes({ db, clock }: Pick<Gateway, 'db' | 'clock'>): Promise<void> {
  await expireDeviceCodes(db, clock);
  await deleteOldDeviceCodes(db, clock, keptDays);
}
