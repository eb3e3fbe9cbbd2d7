import type { FileStore } from '../../ports/file-store.js';
import type { MicrovmHost } from '../machine/microvm/microvm-host.js';
import type { MicrovmSettings } from '../settings/microvm-settings.js';
import { failed, passed, quoted, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

/** Each file of a workspace that a guest knows takes one, where the share daemon has no file handles. */
const FEWEST_DESCRIPTORS = 16_384;

/** What a host needs for microVMs. */
export class MicrovmChecks {
  readonly #host: MicrovmHost;
  readonly #files: FileStore;
  readonly #settings: Pick<MicrovmSettings, 'runner' | 'flake'>;

  constructor(host: MicrovmHost, files: FileStore, settings: Pick<MicrovmSettings, 'runner' | 'flake'>) {
    this.#host = host;
    this.#files = files;
    this.#settings = settings;
  }

  /** With the host's time, which it tells as well; null when it does not. */
  async host(signal: AbortSignal): Promise<{ readonly check: DoctorCheck; readonly timeMs: number | null }> {
    const answer = await this.#host.ask(['check'], { signal, phase: null });
    if (answer.isErr()) {
      const check = failed('microvm_host', answer.error.message, 'pikaci doctor');
      return { check, timeMs: null };
    }
    const { code, name, complaint, stdout } = answer.value;
    if (code !== 0) return { check: failed('microvm_host', complaint, remedyOf(name)), timeMs: null };
    const [time, descriptors = '', reflink = ''] = stdout.trim().split('\n');
    const timeMs = Number(time);
    const most = Number(/^descriptors (\d+)$/.exec(descriptors)?.[1] ?? Number.POSITIVE_INFINITY);
    const fine = 'root, with the tools and the mounts that machines need';
    const few = `a share of a machine may hold ${most} files open, which a workspace of as many files reaches ("Too many open files")`;
    const copies =
      'the file system of the work directory does not share blocks between files, so each job with caches copies all bytes of them';
    const check =
      most < FEWEST_DESCRIPTORS
        ? warned(
            'microvm_host',
            few,
            'raise the hard limit of open files of the SSH service (LimitNOFILE=1048576)',
          )
        : reflink === 'reflink no'
          ? warned('microvm_host', copies, 'put the work directory on btrfs, or on XFS with reflink=1')
          : passed('microvm_host', fine);
    return { check, timeMs: Number.isSafeInteger(timeMs) && timeMs > 0 ? timeMs : null };
  }

  async runner(signal: AbortSignal): Promise<DoctorCheck> {
    const { runner, flake } = this.#settings;
    if (runner === null && flake !== null)
      return passed('microvm_runner', `built on the host from ${flake.url} when a job first needs it`);
    const remedy = 'set "microvm.runner" to a directory on the host with bin/microvm-run, or "microvm.flake"';
    if (runner === null) return failed('microvm_runner', 'the configuration names none', remedy);
    const program = `${runner}/bin/microvm-run`;
    const found = await this.#files.stat(program, { signal });
    if (found.isErr()) return failed('microvm_runner', `${program}: ${found.error.message}`, remedy);
    if (found.value.type !== 'file' || (found.value.mode & 0o111) === 0)
      return failed('microvm_runner', `${program} is not a program`, `chmod 755 ${quoted(program)}`);
    return passed('microvm_runner', runner);
  }
}

function remedyOf(name: string): string {
  if (name === 'not_root') return 'connect as root ("host": {"ssh": "root@…"})';
  if (name === 'tool_missing') return 'sudo apt-get install util-linux coreutils findutils tar';
  return 'uname -r; mount --version';
}
