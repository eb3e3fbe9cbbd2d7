import { err, ok, type Result } from 'neverthrow';
import type { SFTPWrapper, Stats } from 'ssh2';
import type { FileFault, FileStat } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { type FileCall, fileFault, fileTypeOf } from '../../streams/file-fault.js';
import { filePathProblem } from '../../streams/file-paths.js';
import { isUnicode } from '../../streams/name-bytes.js';
import { type OpenSession, type SftpProblem, type SftpSessions, sftpRequest } from './sftp-session.js';

type NodeCallback<T> = (error: Error | undefined | null, value: T) => void;
type Start<T> = (sftp: SFTPWrapper, answer: NodeCallback<T>) => void;

const NO_SUCH_FILE = 2;
const PERMISSION_DENIED = 3;

/** Calls of one operation on one path: requests with the faults of the port. */
export class SftpCalls {
  private constructor(
    readonly call: FileCall,
    readonly session: OpenSession,
    readonly options: CallOptions,
  ) {}

  static async begin(
    sessions: SftpSessions,
    call: FileCall,
    options: CallOptions = {},
  ): Promise<Result<SftpCalls, FileFault>> {
    const problem = filePathProblem(call.path);
    if (problem !== null) return err(fileFault('io', call, problem));
    // ssh2 takes a path as text alone, and would send another one.
    if (!isUnicode(call.path))
      return err(fileFault('name_refused', call, 'a name that is not UTF-8 cannot be sent over SFTP'));
    const session = await sessions.session(call, options);
    return session.map((open) => new SftpCalls(call, open, options));
  }

  async request<T>(start: Start<T>): Promise<Result<T, FileFault>> {
    const answer = await sftpRequest(this.session, this.options, start);
    return answer.isOk() ? ok(answer.value) : err(await this.faultOf(answer.error));
  }

  /** One that is sent whether or not the caller still wants it: closing, taking away. Its answer does not matter. */
  quietly(start: Start<unknown>): Promise<unknown> {
    return sftpRequest(this.session, {}, start);
  }

  stat(): Promise<Result<FileStat, FileFault>> {
    return this.request<Stats>((sftp, answer) => sftp.stat(this.call.path, answer)).then((stats) =>
      stats.map(statOf),
    );
  }

  lstat(path = this.call.path): Promise<Result<FileStat, FileFault>> {
    return this.request<Stats>((sftp, answer) => sftp.lstat(path, answer)).then((stats) => stats.map(statOf));
  }

  fault(kind: FileFault['kind'], message: string): FileFault {
    return fileFault(kind, this.call, message);
  }

  private async faultOf(problem: SftpProblem | 'lost' | 'aborted'): Promise<FileFault> {
    if (problem === 'lost')
      return this.fault('connection_lost', 'the connection was lost; the call may have taken effect');
    if (problem === 'aborted')
      return this.fault('aborted', 'cancelled by the caller; the call may have taken effect');
    if (problem.code === PERMISSION_DENIED) return this.fault('permission_denied', problem.message);
    if (problem.code !== NO_SUCH_FILE) return this.fault('io', problem.message);
    // The server says the same for ENOENT and for ENOTDIR and ELOOP.
    return (await this.hasFileAbove())
      ? this.fault('not_a_directory', problem.message)
      : this.fault('not_found', problem.message);
  }

  private async hasFileAbove(): Promise<boolean> {
    for (let at = this.call.path.lastIndexOf('/'); at > 0; at = this.call.path.lastIndexOf('/', at - 1)) {
      const parent = this.call.path.slice(0, at);
      const found = await sftpRequest<Stats>(this.session, {}, (sftp, answer) => sftp.stat(parent, answer));
      if (found.isOk()) return fileTypeOf(found.value.mode) !== 'directory';
      if (found.error === 'lost') return false;
    }
    return false;
  }
}

export function statOf(stats: Stats): FileStat {
  return {
    type: fileTypeOf(stats.mode),
    size: stats.size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    mtimeMs: stats.mtime * 1000,
  };
}
