import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf } from '../support/documents.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const PROJECT = 'as-documented';

/** The block of docs/operations.md that begins so. */
function block(beginning: string): string {
  const found = blocksOf('docs/operations.md', 'sh').find((text) => text.startsWith(beginning));
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
});
