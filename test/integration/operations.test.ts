import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PikaciConfigInput } from '../../src/index.js';
import { blocksOf, documentText } from '../support/documents.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const PROJECT = 'as-documented';

/** The block of docs/operations.md that begins so. */
function block(beginning: string, language = 'sh'): string {
  const found = blocksOf('docs/operations.md', language).find((text) => text.startsWith(beginning));
  if (found === undefined) throw new Error(`docs/operations.md has no block that begins with ${beginning}`);
  return found;
}

describe('on incus, what docs/operations.md says', () => {
  let site: Site;
  let bridge: string;
  /** With this host's names in the place of the document's. */
  const here = (text: string) =>
    text
      .replaceAll('/var/tmp/pikaci', site.workDir)
      .replaceAll('incusbr0', bridge)
      .replaceAll(/(?<= )pikaci(?![\w/])/g, PROJECT);
  /** As somebody types it on the host. */
  const type = (text: string) => site.onHost(`set -e\nexec </dev/null >/dev/null\n${text}`);
  beforeAll(async () => {
    site = await Site.open();
    const { project, profile } = site.host;
    const show = 'incus profile device get "$2" eth0 network --project "$1" 2>/dev/null || :';
    bridge = (await site.onHost(show, project, profile)).trim();
  });
  afterAll(async () => {
    const ends = [
      'incus image delete pikaci/dev --project "$1"',
      'incus profile delete "$1" --project "$1"',
      'incus project delete "$1"',
    ];
    await site.onHost(`exec </dev/null >/dev/null\n${ends.join('\n')}`, PROJECT);
    const user = [
      'incus config trust list --format csv,noheader --columns nf | sed -n "s/^ci,//p" | xargs -r -n 1 incus config trust remove',
      'userdel --remove ci 2>/dev/null || :',
      'rm -f /etc/tmpfiles.d/pikaci.conf /etc/sudoers.d/documented',
    ];
    await site.onHost(`exec </dev/null >/dev/null\n${user.join('\n')}`);
    await site.onHost('chmod go-x "$1"', dirname(site.workDir));
    await site[Symbol.asyncDispose]();
  });

  it('makes a restricted project with an image, in which the doctor finds nothing wrong and jobs pass', async () => {
    const lines = block('incus project create');
    // Where the kernel has no bridge, the last line is left out, as the document says.
    await type(here(bridge === '' ? lines.replace(/\nincus profile device add pikaci eth0 .*$/, '') : lines));
    const [stock = ''] = block('incus image copy').split('\n');
    // The one image that is at hand without a network.
    const source = `local:${site.host.image} local: --project ${site.host.project}`;
    await type(here(stock).replace('images:debian/12 local:', source));
    await type(here(block('incus launch')));
    const pikaci = site.open({ incus: { project: PROJECT, profile: PROJECT, image: 'pikaci/dev' } });
    const report = await pikaci.doctor({ machine: true });
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
    expect(report.ok).toBe(true);
    const { run } = await site.finish(
      { command: 'ls /workspace/snapshot', writableWorkspace: true },
      {},
      pikaci,
    );
    expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });

  it('makes a user that reaches that project alone by its certificate, and all of Incus by sudo and socat', async () => {
    await site.onHost('find "$1" -mindepth 1 -delete', site.workDir);
    await type(here(block('useradd')));
    // The document's is below /var/tmp, which everybody may go through.
    await site.onHost('chmod go+x "$1"', dirname(site.workDir));
    // As PAM sees it: an account without a password is none that is locked.
    await site.onHost("usermod --password '*' ci");
    const [request = '', listen = '', trust = '', show = ''] = block('openssl req').split('\n');
    await promisify(execFile)('sh', ['-ec', request], { cwd: site.directory });
    const address = (await site.onHost('incus config get core.https_address')).trim();
    await type(listen.replace('192.0.2.10:8443', address));
    await site.onHost('cat >"$HOME/client.crt" <<END\n$1\nEND', await file(site, 'client.crt'));
    await type(`cd; ${here(trust)}; rm client.crt`);
    await writeFile(join(site.directory, 'server.crt'), await site.onHost(show));
    const documented = block(
      '"incus": { "project": "pikaci", "profile": "pikaci", "image": "pikaci/dev",\n',
      'json',
    );
    const { incus } = JSON.parse(`{${documented}}`) as Pick<PikaciConfigInput, 'incus'>;
    const inSite = (name = '') => join(site.directory, name);
    if (incus?.transport?.via !== 'https') throw new Error('the configuration is not of HTTPS');
    const https = {
      ...incus.transport,
      url: site.host.httpsUrl,
      clientCertFile: inSite('client.crt'),
      clientKeyFile: inSite('client.key'),
      serverCertFile: inSite('server.crt'),
    };
    const [rule = ''] = /^ci ALL=.*$/m.exec(documentText('docs/operations.md')) ?? [];
    expect(rule).not.toBe('');
    await site.onHost(
      'printf "%s\\n" "$1" >/etc/sudoers.d/documented; chmod 0440 /etc/sudoers.d/documented; visudo -cq',
      rule,
    );
    const { transport } = JSON.parse(`{${block('"transport": { "via": "command"', 'json')}}`);
    for (const way of [https, transport]) {
      const pikaci = site.open({
        host: { ...hostOf(site), ssh: `ci@${site.host.host}:${site.host.port}` },
        incus: { project: PROJECT, profile: PROJECT, image: 'pikaci/dev', transport: way },
      });
      const report = await pikaci.doctor({ machine: true });
      expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
      const { run } = await site.finish({ command: 'ls /workspace/snapshot' }, {}, pikaci);
      expect(run.outcome).toMatchObject({ status: 'passed', exit_code: 0 });
    }
    const elsewhere = site.open({
      host: { ...hostOf(site), ssh: `ci@${site.host.host}:${site.host.port}` },
      incus: {
        project: site.host.project,
        profile: site.host.profile,
        image: site.host.image,
        transport: https,
      },
    });
    expect((await elsewhere.doctor()).ok).toBe(false);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});

function hostOf(site: Site): Exclude<PikaciConfigInput['host'], 'local'> {
  const { host } = site.config();
  if (host === 'local') throw new Error('a site is reached by SSH');
  return host;
}

async function file(site: Site, name: string): Promise<string> {
  return await readFile(join(site.directory, name), 'utf8');
}
