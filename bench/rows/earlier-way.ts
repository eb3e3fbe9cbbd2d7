import { randomBytes } from 'node:crypto';
import { buildGuestRequest } from '../../src/index.js';
import { type ChildTimes, timeChild } from '../child-output.js';
import type { BenchHost } from '../host.js';
import { BENCH_COMMAND } from './pikaci-cold.js';
import type { Row, Times } from './row.js';

/**
 * (d) The earlier implementation's way: the system's ssh and the `incus` command, one connection for each step. Its steps are
 * those of its `executor/incus.rs`: directories, artifacts reset, image checked, instance made, a device for each directory
 * that it shared with the guest, configured, started, request pushed, run, artifact fetched, deleted. Manifests and devices of
 * prepared outputs come on top of that; the job that is measured has none.
 */
export function earlierWayRow(host: BenchHost): Row {
  const ssh = [
    'ssh',
    ...['-F', '/dev/null', '-i', host.identityFile, '-p', String(host.port)],
    ...['-o', `UserKnownHostsFile=${host.knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes'],
    ...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'ControlPath=none'],
    `${host.user}@${host.host}`,
  ] as const;
  const step = (argv: readonly string[], stdin = ''): Promise<ChildTimes> =>
    timeChild(['ssh', ...ssh.slice(1), argv.map(quoted).join(' ')], stdin);
  const request = JSON.stringify(buildGuestRequest({ command: BENCH_COMMAND, timeoutSecs: 60 }));

  return {
    name: 'd',
    async round(): Promise<Times> {
      const name = `bench-${randomBytes(6).toString('hex')}`;
      const dir = `${host.workDir}/runs/${name}`;
      const incus = (...args: string[]) => ['incus', '--project', host.project, ...args];
      const start = performance.now();
      try {
        await step(['install', '-d', '-m', '0777', ...shared.map(([name]) => `${dir}/${name}`)]);
        await step(['find', `${dir}/artifacts`, '-mindepth', '1', '-delete']);
        await step(incus('image', 'info', host.image));
        await step(incus('init', host.image, name, '--ephemeral', '--profile', host.profile));
        for (const [device, path, ...rest] of shared) {
          const disk = [device, 'disk', `source=${dir}/${device}`, `path=${path}`, ...rest];
          await step(incus('config', 'device', 'add', name, ...disk));
        }
        await step(incus('config', 'set', name, 'user.pikaci.run', name));
        await step(incus('start', name));
        await step(incus('file', 'push', '-', `${name}/artifacts/guest-request.json`), request);
        const before = performance.now();
        const ran = await step(incus('exec', name, '--', '/bin/sh', '-c', BENCH_COMMAND));
        if (ran.firstMs === null) throw new Error('the command printed nothing');
        await step(['cat', `${dir}/artifacts/report.txt`]);
        const pulled = performance.now();
        await step(incus('delete', '--force', name));
        return {
          first: before - start + ran.firstMs,
          all: pulled - start,
          deleted: performance.now() - start,
        };
      } finally {
        await step([
          'sh',
          '-c',
          'incus --project "$1" delete --force "$2" 2>/dev/null; rm -rf "$3"',
          'sh',
          host.project,
          name,
          dir,
        ]);
      }
    },
    async [Symbol.asyncDispose]() {
      // Every step is a process that has ended.
    },
  };
}

/** Name on the host and of the device, path in the guest, options. */
const shared: readonly (readonly [string, string, ...string[]])[] = [
  ['snapshot', '/workspace/snapshot', 'readonly=true'],
  ['artifacts', '/artifacts'],
  ['cargo-home', '/cargo-home'],
  ['cargo-target', '/cargo-target'],
];

/** One word for the shell on the other side: ssh joins its arguments with spaces. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
