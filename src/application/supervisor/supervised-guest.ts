import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { GuestRequest } from '../../domain/job/guest-request.js';
import { type GuestStatus, guestStatusSchema } from '../../domain/job/guest-result.js';
import type { OutputChunk } from '../../ports/output-chunk.js';
import { nameBytes } from '../../streams/name-bytes.js';
import { BoundedBytes } from '../commands/bounded-bytes.js';
import type {
  FollowCall,
  FollowStream,
  Guest,
  GuestArchive,
  GuestCall,
  GuestFault,
  ListCall,
  MachineSupervisor,
  PutFile,
  TrustReport,
} from './guest.js';
import { filledUpFiles, listingOf } from './listing.js';
import { onlyStdout } from './only-stdout.js';
import { ToldLines } from './told-lines.js';
import { trustReport } from './trust-report.js';
import { putWords, whereTo } from './where-to.js';
import { withInherited } from './with-inherited.js';

/** One call of a supervisor, whatever carries it. Its outputs must be read or disposed of. */
export interface SupervisorExec extends AsyncDisposable {
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<Result<{ readonly code: number | null }, GuestFault>>;
}

/** What a call reads: all at once, or as it comes. */
export type SupervisorInput = Uint8Array | AsyncIterable<Uint8Array>;

/** How a supervisor is reached: the words of guest/README.md, and what it reads. */
export interface SupervisorTransport {
  readonly description: string;
  exec(
    words: readonly string[],
    stdin: SupervisorInput,
    call: GuestCall,
  ): Promise<Result<SupervisorExec, GuestFault>>;
  /** Of a line that the supervisor said; null when it is none of its kind. */
  parseStatus?(json: unknown): GuestStatus | null;
}

type Inherited = () => Promise<Result<Readonly<Record<string, string>>, GuestFault>>;

/** A status is one line; a guest that says more than this is not listened to. */
const LONGEST_STATUS = 256 * 1024;
const LONGEST_LISTING = 64 * 1024 * 1024;
const LONGEST_COMPLAINT = 1024 * 1024;
/** Of all that a call says beside its answer. */
const LONGEST_COMPLAINTS = 64 * 1024 * 1024;
/** `pikaci-incus-run: NAME: text`, as guest/README.md has it. */
const REFUSAL = /^pikaci-incus-run: ([a-z_]+): (.*)$/;
const secretsSchema = z.record(z.string(), z.string());

/** A guest whose supervisor keeps the protocol of guest/README.md: the log on standard output, the status as the last line of standard error. */
export class SupervisedGuest implements MachineSupervisor {
  readonly description: string;
  readonly #transport: SupervisorTransport;
  readonly #inherited: Inherited;

  /** `inherited` gives variables that lie below those of every request. */
  constructor(line: SupervisorTransport, inherited: Inherited = async () => ok({})) {
    this.#transport = line;
    this.#inherited = inherited;
    this.description = line.description;
  }

  async start(given: GuestRequest, secrets: Readonly<Record<string, string>>, call: FollowCall) {
    const inherited = await this.#inherited();
    if (inherited.isErr()) return err(inherited.error);
    const request = withInherited(given, inherited.value);
    const input = `${JSON.stringify(request)}\n${JSON.stringify(secrets)}\n`;
    return this.#followBy(['run'], Buffer.from(input, 'utf8'), call);
  }

  follow(offset: number, call: FollowCall) {
    return this.#followBy(['follow', String(offset)], new Uint8Array(0), call);
  }

  async status(call: GuestCall): Promise<Result<GuestStatus, GuestFault>> {
    const answer = await this.#ask(['status'], LONGEST_STATUS, call);
    return answer.andThen((bytes) => this.#status(bytes));
  }

  async cancel(graceSecs: number, call: GuestCall): Promise<Result<GuestStatus, GuestFault>> {
    const answer = await this.#ask(['cancel', String(graceSecs)], LONGEST_STATUS, call);
    return answer.andThen((bytes) => this.#status(bytes));
  }

  async secrets(call: GuestCall): Promise<Result<Readonly<Record<string, string>>, GuestFault>> {
    const answer = await this.#ask(['secrets'], 16 * 1024 * 1024, call);
    return answer.andThen((bytes) => {
      const parsed = secretsSchema.safeParse(parseJson(bytes));
      return parsed.success ? ok(parsed.data) : err(refused('its answer to "secrets" cannot be read'));
    });
  }

  async forgetSecrets(call: GuestCall) {
    return (await this.#ask(['forget'], LONGEST_STATUS, call)).map(() => undefined);
  }

  async list(roots: readonly string[], most: number, call: ListCall) {
    const list = (...words: string[]) => this.#answer(['list', ...words, ...roots], LONGEST_LISTING, call);
    let answer = await (call.directories === true ? list('--directories') : list());
    // Supervisors before 0.2 take it for a path.
    if (call.directories === true && answer.isErr() && answer.error.message.includes(': usage: '))
      answer = await list();
    return answer.isErr() ? err(answer.error) : listingOf(answer.value, most);
  }

  async pack(paths: readonly string[], call: GuestCall): Promise<Result<GuestArchive, GuestFault>> {
    const exec = await this.#transport.exec(
      ['pack'],
      nameBytes(paths.map((path) => `${path}\0`).join('')),
      call,
    );
    return exec.map((running) => {
      const stdout = new BoundedBytes(LONGEST_COMPLAINT, 'first');
      let leave = () => {};
      const left = new Promise<void>((resolve) => {
        leave = resolve;
      });
      return {
        bytes: onlyStdout(running.output, (data) => stdout.add(data), leave),
        // What was said is known when all has been read, which may be after the exit.
        end: Promise.all([running.exit, left]).then(([exit]) =>
          exit.map(() => ({ filledUp: filledUpFiles(text(stdout.bytes())) })),
        ),
        [Symbol.asyncDispose]: () => {
          leave();
          return running[Symbol.asyncDispose]();
        },
      };
    });
  }

  async put(file: PutFile, content: AsyncIterable<Uint8Array>, call: GuestCall) {
    return (await this.#ask(putWords(file), LONGEST_STATUS, call, content)).map(() => undefined);
  }

  async unpack(
    { path, ...to }: Omit<PutFile, 'mode' | 'size' | 'unlessThere'>,
    archive: AsyncIterable<Uint8Array>,
    call: GuestCall,
  ) {
    const words = ['unpack', path, ...whereTo(to)];
    return (await this.#ask(words, LONGEST_STATUS, call, archive)).map(() => undefined);
  }

  async trust(certificates: Uint8Array, call: GuestCall) {
    const words = ['trust', '--size', String(certificates.length)];
    return (await this.#ask(words, LONGEST_STATUS, call, certificates)).andThen(reportOf);
  }

  step(id: string): Guest {
    const { description } = this;
    const exec: SupervisorTransport['exec'] = (words, stdin, call) =>
      this.#transport.exec(['--step', id, ...words], stdin, call);
    return new SupervisedGuest({ description, exec }, this.#inherited);
  }

  /** The last line: what comes before it is noise of the guest's own tools. */
  #status(bytes: Uint8Array): Result<GuestStatus, GuestFault> {
    const line = text(bytes).split('\n').at(-1) ?? '';
    const [, refusal, why = ''] = REFUSAL.exec(line) ?? [];
    if (refusal !== undefined) return err({ ...refused(why), refusal });
    const status = (this.#transport.parseStatus ?? parseStatus)(parseJson(Buffer.from(line)));
    if (status !== null) return ok(status);
    return err(refused(`no status: ${JSON.stringify(line.slice(0, 300))}`));
  }

  /** Log on stdout; on stderr the steps, and the status as the last line. */
  async #followBy(
    call: readonly string[],
    stdin: Uint8Array,
    options: FollowCall,
  ): Promise<Result<FollowStream, GuestFault>> {
    const exec = await this.#transport.exec(call, stdin, options);
    if (exec.isErr()) return err(exec.error);
    const running = exec.value;
    const stdout = new BoundedBytes(LONGEST_STATUS, 'last');
    const told = new ToldLines(options);
    let leave = () => {};
    const left = new Promise<void>((resolve) => {
      leave = resolve;
    });
    return ok({
      log: onlyStdout(
        running.output,
        (data) => {
          stdout.add(data);
          told.add(data);
        },
        leave,
      ),
      // The command may be over long before a slow reader comes to the status behind its log.
      end: Promise.all([running.exit, left]).then(([exit]) =>
        exit.isErr() ? err(exit.error) : this.#status(stdout.bytes()),
      ),
      [Symbol.asyncDispose]: () => {
        leave();
        return running[Symbol.asyncDispose]();
      },
    });
  }

  /** The whole of a short answer on stdout. */
  async #ask(
    call: readonly string[],
    most: number,
    options: GuestCall,
    stdin: SupervisorInput = new Uint8Array(0),
  ): Promise<Result<Uint8Array, GuestFault>> {
    const answer = await this.#answer(call, most, options, stdin);
    return answer.andThen((bytes) =>
      bytes.overflowed
        ? err(refused(`its answer to "${call[0]}" has more than ${most} bytes`))
        : ok(bytes.bytes()),
    );
  }

  /** The same of one that may be longer than it is listened to. */
  async #answer(
    call: readonly string[],
    most: number,
    options: GuestCall,
    stdin: SupervisorInput = new Uint8Array(0),
  ): Promise<Result<BoundedBytes, GuestFault>> {
    const exec = await this.#transport.exec(call, stdin, options);
    if (exec.isErr()) return err(exec.error);
    await using running = exec.value;
    const answer = new BoundedBytes(most, 'first');
    const complaint = new BoundedBytes(1024, 'first');
    let complained = 0;
    // Whoever says more than it is listened to may never come to an end.
    for await (const chunk of running.output) {
      options.onProgress?.();
      (chunk.stream === 'stdout' ? answer : complaint).add(chunk.data);
      if (answer.overflowed) return ok(answer);
      if (chunk.stream === 'stderr') complained += chunk.data.length;
      if (complained > LONGEST_COMPLAINTS) break;
    }
    const why = text(complaint.bytes());
    if (complained > LONGEST_COMPLAINTS)
      return err(refused(`"${call[0]}" wrote more than ${LONGEST_COMPLAINTS} bytes of errors: ${why}`));
    const exit = await running.exit;
    if (exit.isErr()) return err(exit.error);
    if (exit.value.code === 0) return ok(answer);
    return err(
      refused(`"${call[0]}" failed: ${why === '' ? `it ended with status ${exit.value.code}` : why}`),
    );
  }
}

function reportOf(answer: Uint8Array): Result<TrustReport, GuestFault> {
  const report = trustReport(answer);
  return report === null ? err(refused('its answer to "trust" cannot be read')) : ok(report);
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('utf8').trim();

function refused(problem: string): GuestFault {
  return { kind: 'refused', message: `the supervisor in the guest: ${problem}` };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(text(bytes));
  } catch {
    return undefined;
  }
}

function parseStatus(json: unknown): GuestStatus | null {
  return guestStatusSchema.safeParse(json).data ?? null;
}
