/** The sessions of the person who is signed in. */
import { noticeSessionEnd } from './session-end.ts';
import { type AuthAnswer, post, request } from './sign-in.ts';

export interface Session {
  id: string;
  /** Names the session to the server; never shown. */
  token: string;
  createdAt: string;
  ipAddress: string | null;
  userAgent: string | null;
  /** Whether it is the one of this browser. */
  current: boolean;
}

/** This browser's first, then the latest. */
export async function findSessions(): Promise<AuthAnswer<Session[]>> {
  const [own, all] = await Promise.all([
    request<{ session: { id: string } } | null>('/get-session'),
    request<Omit<Session, 'current'>[]>('/list-sessions'),
  ]);
  if (!own.ok) return own;
  if (!all.ok) return refused(all);
  const sessions = all.data.map((session) => ({ ...session, current: session.id === own.data?.session.id }));
  return {
    ok: true,
    data: sessions.sort((a, b) => Number(b.current) - Number(a.current) || Date.parse(b.createdAt) - Date.parse(a.createdAt)),
  };
}

function refused<Answer extends AuthAnswer<unknown>>(answer: Answer): Answer {
  if (!answer.ok && answer.failure.code === 'UNAUTHORIZED') noticeSessionEnd();
  return answer;
}

export async function endSession({ token }: Session): Promise<AuthAnswer<unknown>> {
  return refused(await post('/revoke-session', { token }));
}

export async function endOtherSessions(): Promise<AuthAnswer<unknown>> {
  return refused(await post('/revoke-other-sessions', {}));
}

export async function endSessions(): Promise<AuthAnswer<unknown>> {
  return refused(await post('/revoke-sessions', {}));
}
