import type { Result } from 'neverthrow';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';

/** The terminal that shows a shell. */
export interface ShellCall {
  readonly columns: number;
  readonly rows: number;
  /** `$TERM`; `xterm` when left out. */
  readonly term?: string;
  /** The words of what runs in the terminal, as the same user and in the workspace; a login shell when left out. */
  readonly command?: readonly string[];
  /** Variables of it. Not for secrets. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Of a caller who says nothing of its own. */
export const PLAIN_TERMINAL: ShellCall = { columns: 80, rows: 24 };

/** Opens a terminal in the machine of a recorded job. */
export type OpenTerminal = (
  call: ShellCall & { readonly runId: string; readonly jobId: string },
) => Promise<Result<GuestShell, { readonly message: string }>>;

/** Whose shell it is. */
export interface ShellLogin {
  readonly runAsRoot: boolean;
  readonly user: string | undefined;
}

/** Why a shell broke off. `closed`: it takes no more, because it ended. */
export interface GuestShellFault {
  readonly kind: string;
  readonly message: string;
}

/** A terminal in a guest, and what runs in it. The caller reads `output`, writes, resizes, and disposes of it. */
export interface GuestShell extends AsyncDisposable {
  /** What the terminal shows. Ends, and never throws. */
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<Result<ExitStatus, GuestShellFault>>;
  /** Waits until the bytes are taken. */
  write(data: Uint8Array): Promise<Result<void, GuestShellFault>>;
  /** Tells the terminal its new size, in characters. The fault is that of a connection that is gone. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<Result<void, GuestShellFault>>;
}
