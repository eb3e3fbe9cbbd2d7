import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { onTestFinished } from 'vitest';
import { runCli } from '../../../src/adapters/cli/main.js';
import type { CliTerminal, PikaciPlace, RunState } from '../../../src/adapters/cli/process/cli-input.js';
import type { EndingSignal } from '../../../src/adapters/cli/process/interrupts.js';
import { checkOut } from '../../../src/adapters/node/check-out.js';
import { exportCommit, isTracked } from '../../../src/adapters/node/git-repository.js';
import type { Pikaci } from '../../../src/application/api/pikaci.js';
import { fulfillPreparedOutputRequest } from '../../../src/composition/fulfill-prepared-output.js';
import * as realRunState from '../../../src/composition/run-state.js';
import { serve } from '../../../src/composition/serve.js';
import { type PikaciConfigInput, pikaciConfigSchema } from '../../../src/domain/config/config.js';
import type { ConfigFault } from '../../../src/domain/config/config-fault.js';
import { HeldClock } from '../../support/held-clock.js';
import { ScriptedTerminal } from '../../support/scripted-terminal.js';
import { MemoryStream } from './memory-stream.js';
import { type JobScript, ScriptedPikaci } from './scripted-pikaci.js';

/** A configuration with one target `t`, whose jobs have these ids. */
export function configWith(jobIds: readonly string[], more: object = {}): string {
  const jobs = jobIds.map((id) => ({ id, command: 'true' }));
  return JSON.stringify({ host: { ssh: 'ci@box' }, targets: { t: { jobs, ...more } } });
}

/** A folder that is gone after the test, holding `files`. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'pikaci-cli-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

export interface CliOptions {
  readonly files?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly homeDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Both outputs go to a terminal. */
  readonly terminal?: boolean | { readonly columns: number; readonly rows: number };
  /** Standard output goes elsewhere all the same. */
  readonly piped?: boolean;
  /** For commands that open a shell. */
  readonly shellTerminal?: CliTerminal;
  readonly script?: JobScript;
  readonly createFault?: ConfigFault;
}

/** The command line in a folder of its own, with streams, signals, time and library in the test's hands. */
export class Cli {
  readonly terminal: ScriptedTerminal;
  readonly stdout: MemoryStream;
  readonly stderr: MemoryStream;
  readonly clock = new HeldClock();
  readonly pikaci = new ScriptedPikaci();
  runState: RunState = realRunState;
  readonly folder: string;
  /** What comes on standard input; a terminal where there is nothing. */
  input: string | null = null;
  /** What the library was made with. */
  readonly created: { readonly config: PikaciConfigInput; readonly place: PikaciPlace }[] = [];
  readonly #options: CliOptions;
  readonly #handlers = new Set<(signal: EndingSignal) => void>();

  constructor(options: CliOptions = {}) {
    this.#options = options;
    const size = typeof options.terminal === 'object' ? options.terminal : { columns: 80, rows: 24 };
    this.terminal = new ScriptedTerminal(size);
    const show = (chunk: Uint8Array) => this.terminal.write(chunk);
    this.stdout = new MemoryStream(options.piped === true ? undefined : show);
    this.stderr = new MemoryStream(show);
    this.folder = options.cwd ?? folderWith(options.files ?? { 'pikaci.config.json': configWith(['a']) });
    if (options.script !== undefined) this.pikaci.script = options.script;
  }

  get signalHandlers(): number {
    return this.#handlers.size;
  }

  ctrlC(): void {
    this.signal('SIGINT');
  }

  signal(name: EndingSignal): void {
    for (const handler of this.#handlers) handler(name);
  }

  run(...argv: string[]): Promise<number> {
    const { env = {}, piped = false, createFault } = this.#options;
    const { input } = this;
    const terminal = (this.#options.terminal ?? false) !== false;
    return runCli({
      argv,
      env,
      cwd: this.folder,
      homeDir: this.#options.homeDir ?? '/home/me',
      stdout: this.stdout,
      stderr: this.stderr,
      isTerminal: { stdout: terminal && !piped, stderr: terminal },
      stdin: {
        isTerminal: this.input === null,
        read: async function* () {
          if (input !== null) yield Buffer.from(input);
        },
      },
      screen: this.terminal,
      onSignal: (handler) => {
        this.#handlers.add(handler);
        return () => this.#handlers.delete(handler);
      },
      runState: this.runState,
      fulfill: fulfillPreparedOutputRequest,
      serve,
      repository: {
        exportCommit: (directory, revision, call) =>
          exportCommit(directory, revision, { ...call, scratch: join(this.folder, '.scratch') }),
        checkOut: (wanted) => checkOut({ ...wanted, scratch: join(this.folder, '.scratch') }),
        isTracked,
      },
      terminal: this.#options.shellTerminal ?? null,
      clock: this.clock,
      // Steps of one machine are named by it, and each command is a Cli of its own.
      randomBytes: (count) =>
        count > 3 ? randomBytes(count) : Uint8Array.from({ length: count }, (_, index) => 0xa1 + index),
      createPikaci: (config, place): Result<Pikaci, ConfigFault> => {
        if (createFault !== undefined) return err(createFault);
        this.created.push({ config, place });
        const parsed = pikaciConfigSchema.parse(config);
        this.pikaci.targets = parsed.targets;
        this.pikaci.trust = parsed.trust;
        return ok(this.pikaci);
      },
    });
  }

  /** Standard output as JSON lines. */
  get events(): Record<string, unknown>[] {
    return this.stdout.text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }
}
