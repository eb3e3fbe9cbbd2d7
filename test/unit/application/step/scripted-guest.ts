import { err, ok, type Result } from 'neverthrow';
import type { FollowStream, Guest, GuestFault } from '../../../../src/application/supervisor/guest.js';
import type { GuestStatus } from '../../../../src/domain/job/guest-result.js';

/** What one attempt to follow meets. */
export type Attempt =
  /** No stream. */
  | { readonly kind: 'refuses'; readonly fault: GuestFault['kind'] }
  /** A stream that brings so many bytes and then ends with this. */
  | {
      readonly kind: 'brings';
      readonly bytes: number;
      readonly ends: GuestFault['kind'] | GuestStatus['state'];
    }
  /** A stream that ends with what the supervisor refuses, by the name that it gives. */
  | { readonly kind: 'is refused'; readonly refusal: string }
  /** A stream that says nothing until it is left. */
  | { readonly kind: 'stalls' };

export const passed = (bytes: number): GuestStatus => ({
  schema_version: 1,
  state: 'finished',
  log_bytes: bytes,
  result: { schema_version: 1, status: 'passed', exit_code: 0, finished_at: '', message: '', cause: 'exit' },
});

/** A guest whose log is known and whose connections go as they are told; when nothing is left to tell, they hold. */
export class ScriptedGuest implements Guest {
  readonly description = 'a scripted guest';
  readonly offsets: number[] = [];
  onStall: () => void = () => {};

  constructor(
    readonly text: Buffer,
    readonly attempts: Attempt[],
  ) {}

  async follow(offset: number): Promise<Result<FollowStream, GuestFault>> {
    this.offsets.push(offset);
    const attempt = this.attempts.shift() ?? { kind: 'brings', bytes: this.text.length, ends: 'finished' };
    if (attempt.kind === 'refuses') return err({ kind: attempt.fault, message: attempt.fault });
    if (attempt.kind === 'is refused') return ok(this.#refuse(attempt.refusal));
    return ok(attempt.kind === 'stalls' ? this.#stall() : this.#bring(offset, attempt));
  }

  start = () => this.follow(0);
  status = () => Promise.reject(new Error('not played'));
  cancel = () => Promise.reject(new Error('not played'));
  secrets = () => Promise.reject(new Error('not played'));
  forgetSecrets = () => Promise.reject(new Error('not played'));
  list = () => Promise.reject(new Error('not played'));
  pack = () => Promise.reject(new Error('not played'));

  #bring(offset: number, { bytes, ends }: Extract<Attempt, { kind: 'brings' }>): FollowStream {
    const data = this.text.subarray(offset, offset + bytes);
    const half = Math.ceil(data.length / 2);
    const log = (async function* () {
      if (data.length > 0) yield data.subarray(0, half);
      if (data.length > half) yield data.subarray(half);
    })();
    const status = { ...passed(this.text.length), state: ends as GuestStatus['state'] };
    const isFault = ['connection_lost', 'gone', 'refused', 'aborted'].includes(ends);
    const end: Result<GuestStatus, GuestFault> = isFault
      ? err({ kind: ends as GuestFault['kind'], message: ends })
      : ok(ends === 'finished' ? status : { ...status, result: null });
    return { log, end: Promise.resolve(end), [Symbol.asyncDispose]: async () => {} };
  }

  #refuse(refusal: string): FollowStream {
    const end: Result<GuestStatus, GuestFault> = err({ kind: 'refused', message: 'the reason', refusal });
    const log = (async function* () {})();
    return { log, end: Promise.resolve(end), [Symbol.asyncDispose]: async () => {} };
  }

  #stall(): FollowStream {
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const { onStall } = this;
    return {
      // biome-ignore lint/correctness/useYield: it has nothing to say.
      log: (async function* () {
        onStall();
        await left;
      })(),
      end: left.then(() => err({ kind: 'aborted', message: 'left' })),
      [Symbol.asyncDispose]: async () => leave(),
    };
  }
}
