import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { LocalShell } from '../../src/adapters/local/shell.js';
import { SystemClock } from '../../src/adapters/node/system-clock.js';
import { SftpFileStore } from '../../src/adapters/ssh2/sftp-file-store.js';
import { Ssh2Shell } from '../../src/adapters/ssh2/shell.js';
import { WorkDirectory } from '../../src/application/directories/work-directory.js';
import { bootRequest } from '../../src/application/job/boot-request.js';
import { MicrovmCacheVolumes } from '../../src/application/machine/microvm/microvm-cache-volumes.js';
import { MicrovmHost } from '../../src/application/machine/microvm/microvm-host.js';
import { prepareMicrovm } from '../../src/application/machine/microvm/prepare-microvm.js';
import { microvmSettings } from '../../src/composition/microvm-settings-of.js';
import { pikaciConfigSchema } from '../../src/domain/config/config.js';
import { jobRecordSchema } from '../../src/domain/job/job-record.js';
import { jobSpecSchema } from '../../src/domain/job/job-spec.js';
import { remoteLinuxVmContext } from '../../src/domain/machine/remote-linux-vm-context.js';
import { connectPikaci, openConnection } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import { BENCH_COMMAND } from './pikaci-cold.js';
import type { Row, Times } from './row.js';

/**
 * What somebody types who has a runner, the shares and the request: the share daemons, the machine, and a look at the log until there is
 * something in it. Everything ends with the shell's process group.
 */
const BY_HAND = `cd "$1" && shift && set -u
while [ "$#" -gt 0 ]; do
  mkdir -p "shares/$1"; mount --bind "$3" "shares/$1"; mount -o "remount,bind,$2" "shares/$1"; shift 3
done
runner/bin/virtiofsd-run >virtiofsd.log 2>&1 &
for directory in shares/*; do until [ -S "\${directory#shares/}.sock" ]; do sleep 0.01; done; done
runner/bin/microvm-run </dev/null >console.log 2>&1 &
until [ -s ../artifacts/guest.log ]; do sleep 0.01; done
cat ../artifacts/guest.log
wait "$!"`;

/** (e) The same machine, booted by hand with its runner, until the job's first output. */
export function microvmByHandRow(host: BenchHost, place: BenchPlace): Row {
  const connection = openConnection(host);
  const local = new LocalShell();
  const shell = new Ssh2Shell(connection, local);
  const hostFiles = new SftpFileStore(connection);
  const config = pikaciConfigSchema.parse({ host: 'local', microvm: { runner: host.microvmRunner } });
  const settings = microvmSettings(config);
  const machines = new MicrovmHost(
    { shell, hostFiles },
    new WorkDirectory({ shell, hostFiles }, host.workDir),
    settings.scripts,
  );
  const job = jobSpecSchema.parse({ id: 'bench', command: BENCH_COMMAND, artifacts: ['/artifacts/**'] });
  const run = async (argv: readonly [string, ...string[]], onFirst: () => void = () => {}) => {
    await using running = value(await shell.spawn({ argv }), argv[0]);
    for await (const { stream } of running.output) if (stream === 'stdout') onFirst();
    const exit = value(await running.exit, argv[0]);
    if (exit.code !== 0) throw new Error(`${argv[0]} ended with ${exit.code}`);
  };
  let snapshotHash: string | undefined;
  return {
    name: 'e',
    async round(): Promise<Times> {
      const runId = `by-hand-${randomBytes(4).toString('hex')}`;
      snapshotHash ??= await stagedHash(host, place);
      const at = { runId, jobId: 'bench', remoteHost: host.host, remoteWorkDir: host.workDir, snapshotHash };
      const context = remoteLinuxVmContext({ backend: 'microvm', ...at });
      const { remoteJobDir, remoteRunDir } = context.shared;
      const { signal } = new AbortController();
      const { shares } = value(
        await prepareMicrovm(
          {
            ...{ shell, hostFiles, host: machines, settings, trust: 'trusted', clock: new SystemClock() },
            volumes: new MicrovmCacheVolumes(machines, host.workDir),
            inherited: null,
          },
          context,
          { place: { ...at, acquisition: null }, spec: job, boot: bootRequest(job, 0) },
          signal,
        ),
        'prepare',
      );
      const scripts = `${host.workDir}/cache/microvm`;
      await run([
        'sh',
        '-ec',
        'cd "$1"; mkdir artifacts workspace-artifacts; chmod 1777 artifacts; cp "$2"/*/pikaci-microvm-guest "$2"/*/pikaci-incus-run vm/control/',
        'sh',
        remoteJobDir,
        scripts,
      ]);
      const words = shares.flatMap(({ tag, readOnly, source }) => [tag, readOnly ? 'ro' : 'rw', source]);
      let first: number | null = null;
      const start = performance.now();
      await run(
        [
          'unshare',
          '--mount',
          '--propagation',
          'private',
          'sh',
          '-c',
          BY_HAND,
          'sh',
          `${remoteJobDir}/vm`,
          ...words,
        ],
        () => {
          first ??= performance.now() - start;
        },
      );
      const all = performance.now() - start;
      await run(['rm', '-rf', remoteRunDir]);
      if (first === null) throw new Error('the machine said nothing');
      return { first, all };
    },
    async [Symbol.asyncDispose]() {
      for (const one of [hostFiles, shell, local, connection]) await one[Symbol.asyncDispose]();
    },
  };
}

/** A job of pikaci's stages the snapshot, and records its hash. */
async function stagedHash(host: BenchHost, { workspace, stateRoot }: BenchPlace): Promise<string> {
  const pikaci = connectPikaci(host, stateRoot, 'microvm');
  const run = value(await pikaci.runJob({ job: { id: 'stage', command: 'true' }, workspace }), 'runJob');
  await pikaci.close();
  const record = jobRecordSchema.parse(JSON.parse(await readFile(run.state.jobRecord, 'utf8')));
  if (record.snapshot_hash === null) throw new Error('no snapshot was staged');
  return record.snapshot_hash;
}
