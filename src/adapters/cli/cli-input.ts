import type { Writable } from 'node:stream';
import type { Result } from 'neverthrow';
import type { Pikaci } from '../../application/pikaci.js';
import type { PikaciConfigInput } from '../../domain/config.js';
import type { ConfigFault } from '../../domain/config-fault.js';
import type { Clock } from '../../ports/clock.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface PikaciPlace {
  /** Folder of the configuration. */
  readonly baseDir: string;
  readonly env: Environment;
}

/** Makes the library's interface; handed in, because wiring is done from outside. */
export type CreatePikaci = (config: PikaciConfigInput, place: PikaciPlace) => Result<Pikaci, ConfigFault>;

/** Everything that the command line has of its process. */
export interface CliInput {
  /** Without the interpreter's and the program's name. */
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
  readonly homeDir: string;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly isTerminal: { readonly stdout: boolean; readonly stderr: boolean };
  /** Width of the terminal now. */
  readonly columns: () => number;
  /** Calls `handler` at every SIGINT and SIGTERM until the returned function is called. */
  readonly onSignal: (handler: () => void) => () => void;
  readonly createPikaci: CreatePikaci;
  readonly clock: Clock;
  /** For run ids. */
  readonly randomBytes: (count: number) => Uint8Array;
}
