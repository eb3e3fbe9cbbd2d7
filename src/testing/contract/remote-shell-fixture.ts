import type { RemoteShell } from '../../ports/remote-shell.js';
import type { Fixture } from './with-fixture.js';

export interface RemoteShellFixture extends Fixture {
  readonly shell: RemoteShell;
  /** Absolute path of an empty directory on the shell's host, for this test alone. */
  readonly remote: string;
  /** Absolute path of an empty directory on this machine, for this test alone. */
  readonly local: string;
}

/** What a shell can be asked for; what it cannot is not tried. */
export interface RemoteShellCapabilities {
  /** Whether commands are real processes of a POSIX system; a fake answers what it was told. */
  readonly processes: boolean;
}
