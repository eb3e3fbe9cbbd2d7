import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { foreignEntries, shownEntries } from '../../domain/records/own-entries.js';
import { joinBelow } from '../../domain/values/path-rules.js';
import { quoteWord } from '../../domain/values/shell-words.js';
import type { FileFault, FileStat, FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { bounded } from '../../streams/bounded.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';

const PRIVATE = 0o700;
const WRITABLE_BY_OTHERS = 0o022;
const BOUND_MS = 60_000;
const ID_SECS = 30;

/** Why a work directory is not used. */
export interface WorkDirectoryProblem {
  readonly message: string;
  /** What to type on the host; null where the fault itself says what is wrong. */
  readonly remedy: string | null;
  /** A fault of a port that made the look impossible. */
  readonly fault: JobFault | null;
}

/** One that is under way, or went well; those who need it share it. */
interface Look {
  readonly end: Promise<Result<void, JobFault>>;
  readonly stop: AbortController;
  waiting: number;
}

/**
 * The directory on the host below which everything of pikaci's lies. What is in it is mounted, executed and removed, by root where the
 * login is root's: it has to be a directory of the login user's or root's that nobody else can write to, and nobody else may read what
 * is below it. One that is missing is made; one that others can only read is closed to them, unless it holds other things than pikaci's.
 */
export class WorkDirectory {
  readonly path: string;
  readonly #ports: { readonly shell: RemoteShell; readonly hostFiles: FileStore };
  #look: Look | null = null;

  /** `path` is absolute, on the host. */
  constructor(ports: { readonly shell: RemoteShell; readonly hostFiles: FileStore }, path: string) {
    this.#ports = ports;
    this.path = path.replace(/(?<=.)\/+$/, '');
  }

  /** Makes it, or looks at it; once, until a look fails. A fault that is not about reaching it has the field `workDir`. */
  async ensure(signal: AbortSignal): Promise<Result<void, JobFault>> {
    this.#look ??= this.#begin();
    const look = this.#look;
    look.waiting += 1;
    const known = await bounded(look.end, { signal });
    look.waiting -= 1;
    if (typeof known !== 'string') return known;
    // Others may wait for the same; the last who leaves ends it.
    if (look.waiting === 0) {
      look.stop.abort();
      if (this.#look === look) this.#look = null;
    }
    const message = `cancelled while ${this.path} was looked at`;
    return err({ kind: 'cancelled', phase: null, host: this.#host, message });
  }

  #begin(): Look {
    const stop = new AbortController();
    const examined = this.examine(AbortSignal.any([stop.signal, awakeBound(BOUND_MS)]));
    const end = examined.then((found) => {
      if (found.isErr() && this.#look === look) this.#look = null;
      return found.mapErr((problem) => this.#fault(problem));
    });
    const look: Look = { end, stop, waiting: 0 };
    return look;
  }

  /** Looks at it each time; one that is missing is fine, and is not made. */
  async check(signal: AbortSignal): Promise<Result<void, JobFault>> {
    const examined = await this.examine(signal, { make: false });
    return examined.mapErr((problem) => this.#fault(problem));
  }

  /** The same, each time, with what to do about it; without `make`, one that is missing is fine. */
  async examine(
    signal: AbortSignal,
    { make = true }: { readonly make?: boolean } = {},
  ): Promise<Result<void, WorkDirectoryProblem>> {
    const { hostFiles } = this.#ports;
    const [user, first] = await Promise.all([this.#user(signal), hostFiles.lstat(this.path, { signal })]);
    if (user.isErr()) return err(unknown(user.error));
    let stat = first;
    if (stat.isErr() && stat.error.kind === 'not_found') {
      if (!make) return ok(undefined);
      const made = await this.#make(signal);
      if (made.isErr()) return err(this.#unusable(made.error));
      stat = await hostFiles.lstat(this.path, { signal });
    }
    if (stat.isErr()) return err(this.#unusable(stat.error));
    const refused = this.#whyNot(stat.value, user.value);
    if (refused !== null) return err({ ...refused, fault: null });
    if ((stat.value.mode & 0o777) === PRIVATE) return ok(undefined);
    const listed = await hostFiles.list(this.path, { signal });
    if (listed.isErr()) return err(this.#unusable(listed.error));
    const open = this.#whyNotToClose(
      stat.value,
      listed.value.map(({ name }) => name),
    );
    if (open !== null) return err({ ...open, fault: null });
    const closed = await hostFiles.setMode(this.path, PRIVATE, { signal });
    return closed.mapErr((fault) => this.#unusable(fault));
  }

  get #host(): string {
    return this.#ports.shell.host;
  }

  async #make(signal: AbortSignal): Promise<Result<void, FileFault>> {
    const { hostFiles } = this.#ports;
    const parent = await hostFiles.makeDirectory(posix.dirname(this.path), { signal });
    if (parent.isErr()) return parent;
    return hostFiles.makeDirectory(this.path, { signal, mode: PRIVATE });
  }

  async #user(signal: AbortSignal): Promise<Result<number, JobFault>> {
    const asked = await runCommand(
      this.#ports.shell,
      { argv: ['id', '-u'] },
      { purpose: 'ask who is logged in', timeoutSecs: ID_SECS, signal },
    );
    if (asked.isErr()) return err(asked.error);
    // A login script may print something first.
    const uid = /(?:^|\n)(\d+)\n?$/.exec(Buffer.from(asked.value).toString('utf8'))?.[1];
    if (uid !== undefined) return ok(Number(uid));
    const message = `"id -u" on ${this.#host} did not print a user's number`;
    return err({ kind: 'host', phase: null, host: this.#host, message });
  }

  #whyNot({ type, uid }: FileStat, user: number): { message: string; remedy: string } | null {
    const path = quoteWord(this.path);
    const aside = `sudo mv -T ${path} ${quoteWord(`${this.path}.refused`)}`;
    if (type === 'symlink') {
      const message = 'is a link: let "workDir" name the directory itself';
      return { message, remedy: `readlink -f ${path}` };
    }
    if (type !== 'directory') return { message: 'is not a directory', remedy: aside };
    if (uid !== 0 && uid !== user) {
      const message = `belongs to the user ${uid}, who can put anything into it`;
      return { message, remedy: aside };
    }
    return null;
  }

  /** A directory that pikaci shares with others is not its own to close: `/srv`, or `/tmp`. */
  #whyNotToClose({ mode }: FileStat, names: readonly string[]): { message: string; remedy: string } | null {
    const foreign = foreignEntries(names);
    const octal = (mode & 0o7777).toString(8).padStart(4, '0');
    if (foreign.length > 0) {
      const own = joinBelow(this.path, 'pikaci');
      const message = `is open to others (mode ${octal}) and holds what is not pikaci's (${shownEntries(foreign)}): let "workDir" name a directory of its own, such as ${own}, or close this one when nobody else needs it (chmod 0700)`;
      return { message, remedy: `sudo install -d -m 0700 -o "$(id -un)" ${quoteWord(own)}` };
    }
    if ((mode & WRITABLE_BY_OTHERS) === 0) return null;
    const message = `can be written to by others (mode ${octal}), so what is in it may be theirs: when you know that it is not, type`;
    return { message, remedy: `chmod 0700 ${quoteWord(this.path)}` };
  }

  #unusable(fault: FileFault): WorkDirectoryProblem {
    if (fault.kind !== 'permission_denied') return unknown(hostFilesFault(fault, null));
    const path = quoteWord(this.path);
    const remedy = `sudo install -d -m 0700 -o "$(id -un)" ${path}`;
    return {
      message: `cannot be used by this login: ${fault.operation}: ${fault.message}`,
      remedy,
      fault: null,
    };
  }

  #fault({ message, remedy, fault }: WorkDirectoryProblem): JobFault {
    if (fault !== null) return fault;
    const todo = remedy === null ? '' : `; on ${this.#host}: ${remedy}`;
    const text = `the work directory ${this.path} on ${this.#host} ${message}${todo}`;
    return { kind: 'host_files', phase: null, host: this.#host, message: text, field: 'workDir' };
  }
}

function unknown(fault: JobFault): WorkDirectoryProblem {
  return { message: fault.message, remedy: null, fault };
}
