import { spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { GuestCall } from './guest-call.js';
import { repositoryRoot } from './repository-root.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface HostScriptEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const SCRIPTS = ['microvm/pikaci-microvm-host', 'microvm/pikaci-microvm-guest', 'guest/pikaci-incus-run'];

/** The host's script as it is, and a runner that is a script: what it boots is played where a machine would be. */
export class PlayedMicrovm implements AsyncDisposable {
  static readonly lease = 'run job owner-1 1000';
  readonly jobDir: string;
  readonly #place: Awaited<ReturnType<typeof temporaryDirectory>>;

  private constructor(place: Awaited<ReturnType<typeof temporaryDirectory>>) {
    this.#place = place;
    this.jobDir = join(place.path, 'runs/run/jobs/job');
  }

  static async open(): Promise<PlayedMicrovm> {
    const played = new PlayedMicrovm(await temporaryDirectory());
    await mkdir(join(played.path, 'scripts'));
    await mkdir(join(played.path, 'source'));
    for (const script of SCRIPTS)
      await copyFile(join(repositoryRoot, script), join(played.path, 'scripts', script.split('/')[1] ?? ''));
    return played;
  }

  /** A directory of this machine's host, removed at the end. */
  get path(): string {
    return this.#place.path;
  }

  /** Begins a call of the script, its standard input open. */
  begin(...words: readonly string[]): GuestCall {
    return new GuestCall(spawn('/bin/sh', [join(this.path, 'scripts/pikaci-microvm-host'), ...words]));
  }

  async call(...words: readonly string[]): Promise<HostScriptEnd> {
    const begun = this.begin(...words);
    begun.child.stdin.end();
    const { code, stdout, stderr } = await begun.ended;
    return { code, stdout: stdout.toString(), stderr };
  }

  /** A runner whose machine is this script, with the shares as its directories. */
  async runner(machine: string): Promise<void> {
    await mkdir(join(this.jobDir, 'vm/control'), { recursive: true });
    for (const name of [
      'request.json',
      'secrets.json',
      'mounts',
      'workspace-artifacts',
      'workspace-left-out',
    ])
      await writeFile(join(this.jobDir, 'vm/control', name), '{}\n');
    const bin = join(this.path, 'runner/bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(bin, 'microvm-run'), `#!/bin/sh\n${machine}\n`);
    await chmod(join(bin, 'microvm-run'), 0o755);
    expect((await this.call('link', this.jobDir, join(this.path, 'runner'))).code).toBe(0);
  }

  launch(
    lease: string = PlayedMicrovm.lease,
    options: readonly string[] = [],
    shares: readonly string[] = ['artifacts', 'rw', join(this.jobDir, 'artifacts')],
  ): Promise<HostScriptEnd> {
    const tools = ['tools', 'ro', join(this.path, 'source')];
    return this.call('launch', this.jobDir, lease, 'boot_secs=20', ...options, '--', ...shares, ...tools);
  }

  /** Launches it with the shares of a machine that takes calls. */
  launchWithChannel(...options: readonly string[]): Promise<HostScriptEnd> {
    return this.launch(PlayedMicrovm.lease, options, [
      ...['control', 'ro', join(this.jobDir, 'vm/control')],
      ...['artifacts', 'rw', join(this.jobDir, 'artifacts')],
      ...['calls', 'rw', join(this.jobDir, 'calls')],
    ]);
  }

  async status(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.call('status', this.jobDir)).stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const owner = await readFile(join(this.jobDir, 'owner'), 'utf8').catch(() => '');
    await this.call('destroy', this.jobDir, owner.trim());
    await this.#place[Symbol.asyncDispose]();
  }
}

/**
 * A machine that takes calls: each number that is in the channel is answered by these commands, in a shell of its own in which `$call` and
 * `$out` are the directories of the call, `$kind` is its first word and `$@` the others. By themselves they run the words.
 */
export function takesCalls(answer = 'run_words'): string {
  return `run_words() {
      case $kind in
      shell)
        eval "exec 6<>console-$1.in 7<>console-$1.out"
        echo "$2 $3" >"size-$1"
        shift 3
        "$@" <&6 >&7 2>&1
        ;;
      resize) echo "$2 $3" >"size-$1" ;;
      *) "$@" <"$call/stdin" ;;
      esac >"$out/out" 2>"$out/err"
      end_call "$?"
    }
    end_call() { echo "$1" >"$out/code.new"; mv "$out/code.new" "$out/code"; }
    answer() {
      call=$PWD/shares/control/calls/$1 out=$PWD/shares/calls/$1
      . "$call/words"
      kind=$1
      shift
      ${answer} "$@"
    }
    exec 5<>channel.in
    : >shares/calls/ready
    while read -r number <&5; do answer "$number" 5<&- & done`;
}
