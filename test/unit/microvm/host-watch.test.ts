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
    vm=$2 has_channel='' artifacts_bytes=0
    sleep() { :; }
    end() { printf '%s' "$1"; exit; }
    stat() { rm -rf "$vm"; command stat "$@"; }
    watch_directory`;
    const part = join(repositoryRoot, 'microvm/host/42-watch.sh');
    const { stdout, stderr } = await promisify(execFile)(shell, ['-c', text, 'sh', part, vm]);
    expect({ stdout, stderr }).toEqual({ stdout: 'removed', stderr: '' });
  },
);
