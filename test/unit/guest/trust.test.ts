import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import {
  type Certificate,
  certificateList,
  certificatesIn,
} from '../../../src/domain/machine/certificates.js';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

const keys = mkdtempSync(join(tmpdir(), 'guest-trust-'));
afterAll(() => rmSync(keys, { recursive: true, force: true }));

function made(name: string): { readonly pem: string; readonly certificate: Certificate } {
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const out = join(keys, `${name}.pem`);
  const more = ['-subj', `/CN=${name}`, '-days', '9', '-keyout', join(keys, 'key'), '-out', out];
  execFileSync('openssl', [...words, ...more], { stdio: 'ignore' });
  const pem = readFileSync(out, 'utf8');
  const [certificate] = certificatesIn(Buffer.from(pem)).certificates;
  if (certificate === undefined) throw new Error('openssl made no certificate');
  return { pem, certificate };
}
const [own, first, second] = [made('of the image'), made('of the host'), made('another')];
const DEBIAN = 'etc/ssl/certs/ca-certificates.crt';

describe.each(guestShells())('certificates that a machine is given, with $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());
  const machine = (environment: Readonly<Record<string, string>> = {}) => {
    guest = new GuestMachine(shell, { environment });
  };
  const system = (path: string) => join(guest.root, 'system', path);
  function place(path: string, text: string, mode = 0o644) {
    mkdirSync(dirname(system(path)), { recursive: true });
    writeFileSync(system(path), text);
    chmodSync(system(path), mode);
  }
  async function trust(...given: readonly { readonly certificate: Certificate }[]) {
    const list = Buffer.from(certificateList(given.map(({ certificate }) => certificate)));
    const ended = await guest.bring(['trust', '--size', String(list.length)], list).ended;
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    return JSON.parse(ended.stdout.toString()) as Record<string, unknown>;
  }
  const trusted = (path: string) =>
    certificatesIn(readFileSync(path)).certificates.map(({ subject }) => subject.slice(3));
  const namesIn = (path: string) =>
    readdirSync(system(path)).map((name) => trusted(system(join(path, name)))[0]);
  const show = 'echo "$SSL_CERT_FILE $NODE_EXTRA_CA_CERTS $CURL_CA_BUNDLE"';
  const shownOf = async (fields: Record<string, unknown> = {}) => {
    const { stdout } = await guest.run({ command: show, ...fields }).ended;
    return stdout.toString().trimEnd().split(' ');
  };

  it('go where the image has its own, and its program takes them over', async () => {
    machine();
    place(DEBIAN, own.pem);
    const bundle = system(DEBIAN);
    const gathers = `cat '${system('usr/local/share/ca-certificates')}'/*.crt >>'${bundle}'`;
    place(
      'usr/sbin/update-ca-certificates',
      `#!/bin/sh\necho "$# \${TMPDIR%/*}" >>'${guest.root}/calls'\n${gathers}\n`,
      0o755,
    );
    expect(await trust(own, first, second)).toEqual({
      bundle,
      added: 2,
      updater: 'update-ca-certificates',
      trouble: '',
    });
    expect(namesIn('usr/local/share/ca-certificates').sort()).toEqual(['another', 'of the host']);
    expect(trusted(bundle)).toHaveLength(3);
    expect(readFileSync(join(guest.root, 'calls'), 'utf8')).toBe(`0 ${guest.state}\n`);
    expect(await shownOf()).toEqual([bundle, bundle, bundle]);
    // What is known is not put there again, and the program is not run.
    expect(await trust(own, first, second)).toMatchObject({ added: 0, updater: '' });
    expect(readFileSync(join(guest.root, 'calls'), 'utf8')).toBe(`0 ${guest.state}\n`);
  });

  it('go to the anchors of Fedora and of openSUSE, and a program that fails is told of', async () => {
    machine();
    const bundle = 'etc/pki/tls/certs/ca-bundle.crt';
    place(bundle, own.pem.trimEnd());
    mkdirSync(system('etc/pki/ca-trust/source/anchors'), { recursive: true });
    place('usr/bin/update-ca-trust', '#!/bin/sh\necho "no \\"$1\\" today"; exit 3\n', 0o755);
    expect(await trust(first)).toEqual({
      bundle: system(bundle),
      added: 1,
      updater: 'update-ca-trust',
      trouble: 'update-ca-trust ended with status 3: no "extract" today',
    });
    expect(namesIn('etc/pki/ca-trust/source/anchors')).toEqual(['of the host']);
    expect(trusted(system(bundle))).toEqual(['of the image', 'of the host']);
    rmSync(system('usr/bin/update-ca-trust'));
    mkdirSync(system('etc/pki/trust/anchors'), { recursive: true });
    place('usr/sbin/update-ca-certificates', '#!/bin/sh\n', 0o755);
    expect(await trust(first, second)).toMatchObject({ added: 1, updater: 'update-ca-certificates' });
    expect(namesIn('etc/pki/trust/anchors')).toEqual(['another']);
  });

  it('are written into a bundle of the image, or are the only one, where no program does it', async () => {
    machine();
    place('etc/debian_version', '12\n');
    expect(await trust(first)).toMatchObject({ bundle: system(DEBIAN), added: 1, updater: '' });
    expect(trusted(system(DEBIAN))).toEqual(['of the host']);
    expect(statSync(system(DEBIAN)).mode & 0o777).toBe(0o644);
    // What the program finds that is installed later.
    expect(namesIn('usr/local/share/ca-certificates')).toEqual(['of the host']);
    expect(await trust(first, second)).toMatchObject({ added: 1 });
    expect(trusted(system(DEBIAN))).toEqual(['of the host', 'another']);
  });

  it('leave a store behind a link as it is, and what the instance names is in the bundle, too', async () => {
    const store = mkdtempSync(join(keys, 'store-'));
    writeFileSync(join(store, 'bundle'), own.pem);
    writeFileSync(join(store, 'named'), second.pem);
    machine({ SSL_CERT_FILE: join(store, 'named') });
    mkdirSync(system('etc/ssl/certs'), { recursive: true });
    symlinkSync(join(store, 'bundle'), system(DEBIAN));
    const { bundle } = await trust(first);
    expect(bundle).toBe(join(guest.root, 'state-job/ca-certificates.crt'));
    expect(trusted(join(store, 'bundle'))).toEqual(['of the image']);
    expect(trusted(String(bundle)).sort()).toEqual(['another', 'of the host', 'of the image']);
    expect((await shownOf({ environment: { CURL_CA_BUNDLE: '/mine' } })).join(' ')).toBe(
      `${bundle} ${bundle} /mine`,
    );
  });

  it('are there still when what the init starts has run the program beside ours, with the list of before', async () => {
    const tools = mkdtempSync(join(tmpdir(), 'guest-init-'));
    try {
      guest = new GuestMachine({ ...shell, path: `${tools}:${shell.path}` });
      place(DEBIAN, own.pem);
      const bundle = system(DEBIAN);
      const gathers = `cat '${system('own.pem')}' '${system('usr/local/share/ca-certificates')}'/*.crt >'${bundle}'`;
      place('own.pem', own.pem);
      place('usr/sbin/update-ca-certificates', `#!/bin/sh\n${gathers}\n`, 0o755);
      mkdirSync(system('run/systemd/system'), { recursive: true });
      const ends = `cat '${system('own.pem')}' >'${bundle}'; echo running`;
      writeFileSync(join(tools, 'systemctl'), `#!/bin/sh\n${ends}\n`, { mode: 0o755 });
      await trust(first);
      expect(await shownOf()).toEqual([bundle, bundle, bundle]);
      expect(trusted(bundle)).toEqual(['of the image', 'of the host']);
      expect(readdirSync(guest.state).filter((name) => name.startsWith('trust.'))).toEqual([]);
    } finally {
      rmSync(tools, { recursive: true, force: true });
    }
  });

  it('are refused when they do not arrive whole, and nothing is changed', async () => {
    machine();
    place(DEBIAN, own.pem);
    const cut = await guest.bring(['trust', '--size', '9000'], certificateList([first.certificate])).ended;
    expect(cut.code).toBe(65);
    expect(cut.stderr).toMatch(/^pikaci-incus-run: truncated: .*nothing was done\n$/);
    expect(trusted(system(DEBIAN))).toEqual(['of the image']);
    expect(await shownOf()).toEqual(['']);
    expect(existsSync(join(guest.state, 'authorities'))).toBe(false);
    expect((await guest.call(['trust'])).code).toBe(64);
  });
});
