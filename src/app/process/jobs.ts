/**
 * Background jobs. Every serving process offers to run each of them; a lease in the database lets one do it at a time. The
 * lease is renewed while the job runs and kept until the job is due again, so a job runs about once an interval however
 * many processes there are, and what a dead process left is taken up when its lease has run out.
 */
import { randomUUID } from 'node:crypto';
import type { Gateway } from '../../core/context.ts';
import { UnknownMasterKey } from '../../core/crypto.ts';
import { isDatabaseAway } from '../../core/database/database.ts';
import { releaseLease, takeLease } from '../../core/database/leases.ts';
import { sweepCalls } from '../../domains/audit/settle.ts';
import { endExpiredConsents } from '../../domains/connections/consent/end-consents.ts';
import { refreshIdleConnections } from '../../domains/connections/credential/idle-refresh.ts';
import { endDeviceCodes } from '../../domains/device-codes/device-codes.ts';
import { dropOldRests } from '../../domains/executions/answer/lean/rest/kept-rest.ts';
import { settleClaims } from '../../domains/executions/settle-claims.ts';
import { dropOldCounters } from '../../domains/limits/old-counters.ts';
import { dropUnusedClients } from '../../domains/oauth-clients/oauth-clients.ts';
import { resealEverything } from '../../domains/operations/operations.ts';
import { dropOldImports } from '../../domains/own-integrations/imports/imports.ts';
import { dropOldSignIns } from '../../domains/users/sign-in/old-sign-ins.ts';
import { tellOfMasterKey } from '../http/failures.ts';

export interface Job {
  /** Name of its lease and in the log. */
  name: string;
  everyMs: number;
  /** Must be harmless when it is broken off anywhere and when two processes run it at once. */
  run(gateway: Gateway): Promise<unknown>;
}

const minuteMs = 60_000;

export const jobs: readonly Job[] = [
  { name: 'settle_calls', everyMs: minuteMs, run: sweepCalls },
  { name: 'settle_claims', everyMs: minuteMs, run: settleClaims },
  { name: 'drop_rests', everyMs: minuteMs, run: dropOldRests },
  { name: 'end_consents', everyMs: minuteMs, run: endExpiredConsents },
  { name: 'end_device_codes', everyMs: minuteMs, run: endDeviceCodes },
  { name: 'drop_oauth_clients', everyMs: 30 * minuteMs, run: dropUnusedClients },
  { name: 'reseal', everyMs: 10 * minuteMs, run: resealEverything },
  { name: 'drop_counters', everyMs: 30 * minuteMs, run: dropOldCounters },
  { name: 'drop_imports', everyMs: 60 * minuteMs, run: dropOldImports },
  { name: 'drop_sign_ins', everyMs: 60 * minuteMs, run: dropOldSignIns },
  {
    name: 'refresh_idle',
    everyMs: 60 * minuteMs,
    run: async (gateway) => {
      if (gateway.config.idleRefresh) await refreshIdleConnections(gateway);
    },
  },
];

/** How long a lease holds while its job runs; renewed at a third of it. */
const leaseMs = 60_000;
const firstMsMax = 3_000;
const retryMsMax = 30_000;
const stopMsMax = 5_000;

export interface RunningJobs {
  /** Begins no further run, waits some seconds for those that run, and gives the leases back. */
  stop(): Promise<void>;
}

/** `only` and `holder` are for tests. */
export function startJobs(gateway: Gateway, only: readonly Job[] = jobs, holder: string = randomUUID()): RunningJobs {
  const loops = only.map((job) => new JobLoop(gateway, job, holder));
  return {
    stop: async () => {
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

class JobLoop {
  readonly #gateway: Gateway;
  readonly #job: Job;
  readonly #holder: string;
  #timer: NodeJS.Timeout | undefined;
  #turn: Promise<void> | undefined;
  #stopped = false;

  constructor(gateway: Gateway, job: Job, holder: string) {
    this.#gateway = gateway;
    this.#job = job;
    this.#holder = holder;
    // Not at once: a process that has just started has clients to serve.
    this.#wait(Math.random() * Math.min(job.everyMs, firstMsMax));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, stopMsMax);
    });
    const end = this.#turn ?? Promise.resolve();
    await Promise.race([end.then(() => this.#release()), enough]);
    clearTimeout(timer);
  }

  #wait(ms: number): void {
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#turn = this.#takeTurn().then((nextMs) => {
        this.#turn = undefined;
        this.#wait(nextMs);
      });
    }, ms);
  }

  /** Runs the job if no other process does. Never fails; returns how long to wait then. */
  async #takeTurn(): Promise<number> {
    const { everyMs } = this.#job;
    try {
      if (await this.#take(leaseMs)) {
        await this.#runRenewing();
        // Kept until shortly before it is due, so that no other process runs it again before; this one may renew it any time.
        await this.#take(everyMs * 0.9);
      }
      return jittered(everyMs);
    } catch (error) {
      const { log } = this.#gateway;
      const retryMs = jittered(Math.min(everyMs, retryMsMax));
      const facts = { job: this.#job.name, err: error, retryMs };
      if (isDatabaseAway(error)) log.warn(facts, 'a background job could not reach the database and is tried again');
      else if (error instanceof UnknownMasterKey) tellOfMasterKey(this.#gateway, error);
      else log.error(facts, 'a background job failed and is tried again');
      await this.#release();
      return retryMs;
    }
  }

  async #runRenewing(): Promise<void> {
    const { log } = this.#gateway;
    const renewal = setInterval(() => {
      this.#take(leaseMs).then(
        (mine) => mine || log.warn({ job: this.#job.name }, 'a background job lost its lease while it ran; another process runs it too'),
        (error: unknown) => log.warn({ job: this.#job.name, err: error }, 'the lease of a background job could not be renewed'),
      );
    }, leaseMs / 3);
    try {
      await this.#job.run(this.#gateway);
    } finally {
      clearInterval(renewal);
    }
  }

  #take(ms: number): Promise<boolean> {
    return takeLease(this.#gateway.db, this.#gateway.clock, { name: this.#job.name, holder: this.#holder, seconds: ms / 1000 });
  }

  /** A lease that cannot be given back runs out by itself. */
  async #release(): Promise<void> {
    await releaseLease(this.#gateway.db, { name: this.#job.name, holder: this.#holder }).catch((error: unknown) => {
      this.#gateway.log.debug({ job: this.#job.name, err: error }, 'the lease of a background job was not given back');
    });
  }
}

/** Processes that started together do not ask together. */
function jittered(ms: number): number {
  return ms * (0.9 + Math.random() * 0.2);
}
