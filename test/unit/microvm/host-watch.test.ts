import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../../support/repository-root.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

it.each(['/bin/sh', '/bin/bash'])(
  'whoever watches the directory of a machine sees that it was removed, also between two looks of its own (%s)',
  async (shell) => {
    await using place = await temporaryDirectory();
    const vm = join(place.path, 'vm');
    await mkdir(vm);
    for (const name of ['machine', 'console.log']) await writeFile(join(vm, name), '');
    const text = `. "$1"
    vm=$2 has_channel='' artifacts_bytes=0 caches_bytes=0
    sleep() { :; }
    end() { printf '%s' "$1"; exit; }
    stat() { rm -rf "$vm"; command stat "$@"; }
    watch_directory`;
    const part = join(repositoryRoot, 'microvm/host/42-watch.sh');
    const { stdout, stderr } = await promisify(execFile)(shell, ['-c', text, 'sh', part, vm]);
    expect({ stdout, stderr }).toEqual({ stdout: 'removed', stderr: '' });
  },
);

it('what a share daemon says of a guest takes no more of the host than a console does', async () => {
  await using place = await temporaryDirectory();
  const vm = join(place.path, 'vm');
  await mkdir(vm);
  const tooLong = Buffer.alloc(4 * 1024 * 1024 + 1);
  for (const name of ['machine', 'virtiofsd.log', 'console.log']) await writeFile(join(vm, name), tooLong);
  const text = `. "$1"
  vm=$2 has_channel='' artifacts_bytes=0 caches_bytes=0
  sleep() { [ -z "\${slept-}" ] && slept=yes; }
  watch_directory; stat -c '%n %s' "$vm"/*.log`;
  const part = join(repositoryRoot, 'microvm/host/42-watch.sh');
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', text, 'sh', part, vm]);
  expect(stdout).toBe(`${vm}/console.log 0\n${vm}/virtiofsd.log 0\n`);
});

it('steps of a guest that are one line without an end are not held as a whole by the host', async () => {
  await using place = await temporaryDirectory();
  await mkdir(join(place.path, 'vm/control'), { recursive: true });
  await mkdir(join(place.path, 'artifacts'));
  await writeFile(join(place.path, 'vm/control/request.json'), '{"steps":[]}');
  const text = `. "$1"; . "$2"
  cd "$3" && vm=$3/vm pid=$$
  is_roots() { [ -f "$1" ]; }
  truncate -s 1G artifacts/steps.jsonl
  ulimit -v 131072
  follow_steps 2>said
  head -c 5 said; stat -c %s said`;
  const parts = ['20-alive.sh', '51-follow.sh'].map((name) => join(repositoryRoot, 'microvm/host', name));
  const { stdout, stderr } = await promisify(execFile)('/bin/sh', ['-c', text, 'sh', ...parts, place.path]);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^step \d+\n$/);
  expect(Number(stdout.slice(5))).toBeLessThanOrEqual('step '.length + 1000 * 16 * 1024);
});
