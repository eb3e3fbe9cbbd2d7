import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { controlFiles } from '../../../src/application/machine/microvm/inherited-control.js';
import {
  type Certificate,
  certificateList,
  certificatesIn,
} from '../../../src/domain/machine/certificates.js';
import { isRoot } from '../../support/guest-machine.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Stands for the root of a microVM. */
let machine: Awaited<ReturnType<typeof temporaryDirectory>>;
beforeEach(async () => {
  machine = await temporaryDirectory();
  for (const path of ['run/pikaci/control', 'artifacts', 'system', 'workspace'])
    mkdirSync(at(path), { recursive: true });
});
afterEach(() => machine[Symbol.asyncDispose]());
const at = (path: string) => join(machine.path, path);
const text = (path: string) => readFileSync(at(path), 'utf8');

/** Runs the script with what the host has put into the share `control`. */
function boot(command: string, files: Readonly<Record<string, string>>) {
  const script = readFileSync('microvm/pikaci-microvm-guest', 'utf8');
  const request = {
    ...{ schema_version: 1, command, timeout_secs: 30, run_as_root: true, workspace_dir: at('workspace') },
    ...{
      cargo_home_dir: at('cargo'),
      target_dir: at('target'),
      xdg_state_home_dir: at('xdg'),
      home_dir: at('home'),
    },
  };
  const control = {
    'pikaci-microvm-guest': script.replace(
      /(?<=[ =">])\/(?=run\/pikaci|artifacts|var\/lib\/pikaci)/g,
      `${machine.path}/`,
    ),
    'pikaci-incus-run': readFileSync('guest/pikaci-incus-run', 'utf8'),
    mounts: '',
    'request.json': `${JSON.stringify(request)}\n`,
    'secrets.json': '{}\n',
    ...files,
  };
  for (const [name, content] of Object.entries(control))
    writeFileSync(at(`run/pikaci/control/${name}`), content);
  const env = {
    PATH: process.env['PATH'],
    PIKACI_STATE_DIR: at('var/lib/pikaci'),
    PIKACI_ARTIFACTS_DIR: at('artifacts'),
    PIKACI_SYSTEM_DIR: at('system'),
  };
  const words = [at('run/pikaci/control/pikaci-microvm-guest')];
  return spawnSync('/bin/sh', words, { env, encoding: 'utf8', timeout: 60_000 });
}

function authority(): readonly Certificate[] {
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const out = ['-subj', '/CN=of the host', '-days', '9', '-keyout', at('key'), '-out', at('authority')];
  execFileSync('openssl', [...words, ...out], { stdio: 'ignore' });
  return certificatesIn(readFileSync(at('authority'))).certificates;
}

describe.runIf(isRoot)('the script in a microVM', () => {
  it('gives the machine what it inherits before the job begins, and leaves what the supervisor said of it', () => {
    const { status, stderr } = boot(`echo "$SSL_CERT_FILE"; cat '${at('etc/file')}'`, {
      ...controlFiles({
        ...{ variables: {}, warnings: [], certificates: authority() },
        files: ['etc/file', 'workspace/own'].map((path) => ({ path: at(path), content: 'of the host\n' })),
      }),
    });
    expect(status, stderr).toBe(0);
    const bundle = at('system/etc/ssl/certs/ca-certificates.crt');
    expect(text('artifacts/guest.log')).toBe(`${bundle}\nof the host\n`);
    expect(readFileSync(bundle, 'utf8')).toContain('BEGIN CERTIFICATE');
    expect(JSON.parse(text('artifacts/.pikaci/trusted'))).toMatchObject({ bundle, added: 1, trouble: '' });
    expect(text('artifacts/result.json')).toContain('"status":"passed"');
  });

  it('begins no job in a machine that could not be given that, and says why', () => {
    for (const [files, why] of [
      [
        { certificates: 'name ab\n', inherited: '0\t/a/../b\n', 'inherited-0': 'x' },
        '(put): pikaci-incus-run: usage: an absolute',
      ],
      [
        { certificates: certificateList(authority()), inherited: '0\t/proc/none/file\n', 'inherited-0': 'x' },
        '(put): pikaci-incus-run: setup: ',
      ],
    ] as const) {
      const { status, stdout, stderr } = boot('true', files);
      expect([status, stdout]).toEqual([1, '']);
      expect(stderr).toContain(
        `pikaci-microvm-guest: what the machine inherits could not be given to it ${why}`,
      );
      expect(existsSync(at('artifacts/guest.log'))).toBe(false);
    }
  });

  it('is not slowed down, and leaves nothing, where nothing is inherited', () => {
    const { status } = boot('echo "${SSL_CERT_FILE-none}"', {});
    expect([status, text('artifacts/guest.log')]).toEqual([0, 'none\n']);
    expect(existsSync(at('artifacts/.pikaci/trusted'))).toBe(false);
  });
});
