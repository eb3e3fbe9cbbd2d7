import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TargetConfigInput } from '../../../src/domain/target/target-config.js';
import { createPikaci, type Pikaci, type PikaciConfigInput } from '../../../src/index.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/**
 * Plays a machine. A setup writes its words on the disk; a job says what is on the layers, from the lowest on. It tries to write there, too, and
 * says that its disk may be kept unless its words are "unclean".
 */
const MACHINE = `#!/bin/sh
control=shares/control artifacts=shares/artifacts
said=$(sed 's/.*"command":"\\([^"]*\\)".*/\\1/' $control/request.json)
mkdir $artifacts/.pikaci
echo "$said" >>RAN
echo "$said" >scratch.img
[ ! -d layers ] || echo changed >>layers/0.img
{ echo "log of $said"; [ ! -d layers ] || cat layers/*.img; } >$artifacts/guest.log 2>/dev/null
until [ ! -e HELD ]; do sleep 0.05; done
status=passed code=0
case $said in fails*) status=failed code=7 ;; esac
[ ! -f $control/clean ] || [ "$said" = unclean ] || : >$artifacts/.pikaci/layer
printf '{"schema_version":1,"status":"%s","exit_code":%s,"finished_at":"2026-01-01T00:00:00Z","message":"ended with %s"}' $status $code $code >$artifacts/.pikaci/result.json
`;
const TARGET: TargetConfigInput = {
  templates: {
    app: { from: 'pikaci/dev', setup: 'set up', inputs: ['lock'] },
    more: { from: 'app', setup: 'set up more' },
  },
  jobs: [
    { id: 'use', template: 'app', command: 'use it' },
    { id: 'nested', template: 'more', command: 'use both' },
  ],
};

let place: Awaited<ReturnType<typeof temporaryDirectory>>;
let pikacis: Pikaci[];
beforeEach(async () => {
  pikacis = [];
  place = await temporaryDirectory();
  await chmod(place.path, 0o700);
  await mkdir(at('workspace'));
  await mkdir(at('runner/bin'), { recursive: true });
  const machine = MACHINE.replace('RAN', at('ran')).replace('HELD', at('held'));
  await writeFile(at('runner/bin/microvm-run'), machine, { mode: 0o755 });
  await writeFile(at('runner/kernel'), 'one\n');
  await writeFile(at('runner/features'), 'layers\n');
  await writeFile(at('workspace/lock'), 'one\n');
});
afterEach(async () => {
  for (const pikaci of pikacis) await pikaci.close();
  await place[Symbol.asyncDispose]();
});

const at = (path: string) => join(place.path, path);
const lines = (path: string) => readFileSync(path, 'utf8').trimEnd().split('\n');
const ran = () => (existsSync(at('ran')) ? lines(at('ran')) : []);
const layers = () => readdirSync(at('work/cache/layers')).filter((name) => name.startsWith('pikaci-'));
const inode = async (layer: string, disk: string) =>
  (await stat(at(`work/cache/layers/${layer}/${disk}`))).ino;

function open(more: Partial<PikaciConfigInput> = {}): Pikaci {
  const pikaci = must(
    createPikaci({
      ...{ host: 'local', backend: 'microvm', microvm: { runner: at('runner') }, workDir: at('work') },
      ...{ stateRoot: at('state'), targets: { t: TARGET } },
      ...more,
    }),
  );
  pikacis.push(pikaci);
  return pikaci;
}
const ask = (definition?: TargetConfigInput) => ({
  ...{ target: 't', workspace: at('workspace') },
  ...(definition === undefined ? {} : { definition }),
});
const of = (setup: string, from = 'pikaci/dev'): TargetConfigInput => ({
  templates: { own: { from, setup } },
  jobs: [{ id: 'j', template: 'own', command: 'true' }],
});

async function run(pikaci: Pikaci, jobs?: readonly string[]) {
  const ended = must(
    await pikaci.runTarget({ ...ask(), ...(jobs === undefined ? {} : { jobs: [...jobs] }) }),
  );
  must(await ended.cleanUp);
  const logs = ended.jobs.map((end) =>
    end.kind === 'ended' ? [end.jobId, ...lines(end.run.state.guestLog)] : [end.jobId, end.kind],
  );
  return { status: ended.record.status, logs, prepares: ended.prepares };
}

describe.runIf(process.getuid?.() === 0)('templates of microVMs', () => {
  it('are disks on which jobs and other templates stand, which none of them changes', async () => {
    const pikaci = open();
    const first = await run(pikaci);
    expect(first.prepares).toMatchObject([{ cached: false }, { cached: false }]);
    expect(first.logs.sort()).toEqual([
      ['nested', 'log of use both', 'set up', 'set up more'],
      ['use', 'log of use it', 'set up'],
    ]);
    expect(ran().sort()).toEqual(['set up', 'set up more', 'use both', 'use it']);
    const second = await run(pikaci);
    expect(second.prepares).toMatchObject([{ cached: true }, { cached: true }]);
    expect(second.logs.sort()).toEqual(first.logs);
    const [one = '', two = ''] = [...must(await pikaci.listTemplates())]
      .sort((a, b) => a.name.localeCompare(b.name))
      .map(({ instance }) => instance);
    // Of what a template is made from it has the same files: it stays when that one is removed.
    expect(await inode(one, '0.img')).toBe(await inode(two, '0.img'));
    const { mode } = await stat(at(`work/cache/layers/${two}/1.img`));
    expect(mode & 0o777).toBe(0o400);
    must(await pikaci.removeTemplate('app', { force: true }));
    expect(layers()).toEqual([two]);
    expect(existsSync(at('work/runs')) ? readdirSync(at('work/runs')) : []).toEqual([]);
  });

  it('have another key for another system, and the same for a runner whose files only have other times', async () => {
    const pikaci = open();
    const key = async () => must(await pikaci.examineTemplates(ask())).map((info) => info.key);
    const [before] = await key();
    await utimes(at('runner/kernel'), 1, 1);
    expect((await key())[0]).toBe(before);
    await writeFile(at('runner/kernel'), 'two\n');
    const [after] = await key();
    expect(after).not.toBe(before);
    await writeFile(at('workspace/lock'), 'two\n');
    expect((await key())[0]).not.toBe(after);
    expect(ran()).toEqual([]);
  });

  it('are refused before anything is started where the runner cannot have them', async () => {
    const built = async (microvm: Partial<PikaciConfigInput>['microvm'], definition?: TargetConfigInput) =>
      mustFail(
        await open({ microvm }).buildTemplates(ask(definition)),
        ...(['backend_unavailable', 'image_not_found', 'runner_missing'] as const),
      );
    const flake = { url: 'path:/srv/pikaci' };
    const own = { runner: at('runner') };
    expect((await built({ flake })).message).toContain('another system for each shape of job');
    expect(await built(own, of('set up', 'debian/13'))).toMatchObject({
      kind: 'image_not_found',
      message: expect.stringContaining('"from" is another template of the target, or "pikaci/dev"'),
    });
    expect(await built({ runner: at('none') })).toMatchObject({ kind: 'runner_missing' });
    await rm(at('runner/features'));
    expect(await built(own)).toMatchObject({
      kind: 'backend_unavailable',
      message: expect.stringContaining('has no line "layers"'),
    });
    expect([ran(), existsSync(at('work/runs'))]).toEqual([[], false]);
    const run = must(await open().runTarget({ ...ask(), jobs: ['use'] }));
    expect(run.prepares).toMatchObject([{ kind: 'faulted', fault: { kind: 'backend_unavailable' } }]);
  });

  it('are not kept of a setup that failed, or of a machine that does not say that its disk may be', async () => {
    const pikaci = open();
    for (const [setup, why] of [
      ['fails', 'ended with 7'],
      ['unclean', 'did not say that its disk may be kept (exit 0)'],
    ] as const) {
      const failed = mustFail(await pikaci.buildTemplates(ask(of(setup))), 'template_failed');
      expect(failed.message).toContain(why);
    }
    expect(ran()).toEqual(['fails', 'unclean']);
    expect(must(await pikaci.listTemplates())).toEqual([]);
    expect(readdirSync(at('work/runs'))).toEqual([]);
  });

  it('are made once by two at once, of whom the other follows the log', async () => {
    await writeFile(at('held'), '');
    const said: string[] = [];
    const onLog = (_: string, data: Uint8Array) => {
      said.push(Buffer.from(data).toString());
    };
    const builds = [open(), open()].map((pikaci) => pikaci.buildTemplates({ ...ask(of('set up')), onLog }));
    await expect.poll(() => said, { timeout: 20_000 }).toEqual(['log of set up\n', 'log of set up\n']);
    await rm(at('held'));
    const built = (await Promise.all(builds)).map((one) => must(one)[0]?.cached);
    expect(built.sort()).toEqual([false, true]);
    expect([ran(), readdirSync(at('work/runs'))]).toEqual([['set up'], []]);
  });

  it('are made anew when a killed runner has left its machine half-made, whose lease has ended', async () => {
    const pikaci = open();
    const [info] = must(await pikaci.examineTemplates(ask(of('set up'))));
    const job = at(`work/runs/template-${info?.key.slice(0, 48)}/jobs/template`);
    await mkdir(join(job, 'vm/control'), { recursive: true });
    await writeFile(join(job, 'owner'), '0c8e6a52-6b7c-4d59-9d0a-0a2a1f0d8f11\n');
    await writeFile(join(job, 'vm/lease'), `template-${info?.key.slice(0, 48)} template killed 1000\n`);
    expect(must(await pikaci.examineTemplates(ask(of('set up'))))).toMatchObject([{ state: 'making' }]);
    must(await pikaci.buildTemplates(ask(of('set up'))));
    expect([ran(), layers().length]).toEqual([['set up'], 1]);
    expect(readdirSync(at('work/runs'))).toEqual([]);
    // One that was killed when its machine was gone, and its directory was not.
    must(await pikaci.removeTemplate('own', { force: true }));
    await mkdir(join(job, 'artifacts'), { recursive: true });
    await writeFile(join(job, 'owner'), '0c8e6a52-6b7c-4d59-9d0a-0a2a1f0d8f11\n');
    must(await pikaci.buildTemplates(ask(of('set up'))));
    expect([ran(), readdirSync(at('work/runs'))]).toEqual([['set up', 'set up'], []]);
  });

  it('stay while they are in use, go by hand or with gc, and are made by nobody who is not trusted', async () => {
    const pikaci = open();
    const untrusted = open({ trust: 'untrusted', microvm: { runner: at('runner'), isolatedNetwork: true } });
    mustFail(await untrusted.buildTemplates(ask(of('set up'))), 'not_trusted');
    const [made] = must(await pikaci.buildTemplates(ask(of('set up'))));
    expect(must(await untrusted.buildTemplates(ask(of('set up'))))).toMatchObject([{ cached: true }]);
    expect(must(await pikaci.listTemplates())).toMatchObject([
      { name: 'own', key: made?.key, image: { alias: at('runner') }, inUse: true },
    ]);
    mustFail(await pikaci.removeTemplate('own'), 'template_in_use');
    mustFail(await pikaci.exportTemplate('own', { file: at('file') }), 'backend_unavailable');

    const config = at(`work/cache/layers/${made?.instance}/config`);
    const old = (await readFile(config, 'utf8')).replace(/(last_used_ms":")\d+/, '$11000');
    await writeFile(config, old);
    // A machine that is there, though nobody follows it, stands on it.
    const vm = at('work/runs/kept/jobs/j/vm');
    await mkdir(join(vm, 'control'), { recursive: true });
    await writeFile(join(vm, 'sources'), `${at('work/cache/layers')}/${made?.instance}\0`);
    await writeFile(join(vm, 'lease'), 'kept j owner 99999999999999\n');
    const refused = mustFail(await pikaci.removeTemplate('own'), 'template_in_use');
    expect(refused.message).toContain('below their own disk');
    const evicted = async () => must(await pikaci.reap()).kept.evicted.map(({ path }) => path);
    expect(await evicted()).toEqual([]);
    await rm(at('work/runs/kept'), { recursive: true });
    expect(await evicted()).toEqual([made?.instance]);
    expect(layers()).toEqual([]);
  });
});
