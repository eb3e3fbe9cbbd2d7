import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { declaredPayloadMountDeviceName, incusInstanceName } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { prepareOutput } from '../support/prepared-output.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  type Mounted = readonly [device: string, source: string | null, path: string];

  /** Each is a read-only device of the machine under its name, and there is no other. */
  async function expectMounts(runId: string, wanted: readonly Mounted[]): Promise<void> {
    if (backend === 'incus') {
      const instance = must(await site.incus.instance(site.host.project, incusInstanceName(runId, 'j')));
      const { devices } = instance.value;
      for (const [device, source, path] of wanted)
        expect(devices[device]).toMatchObject({
          path,
          readonly: 'true',
          ...(source === null ? {} : { source }),
        });
      expect(Object.keys(devices)).toHaveLength(wanted.length);
      return;
    }
    const vm = `${site.workDir}/runs/${runId}/jobs/j/vm`;
    const told = await site.onHost('cat "$1/control/mounts"', vm);
    const lines = wanted.map(([device, , path]) => `${device}\tro\tdirectory\t${path}`);
    expect(told.trim().split('\n').sort()).toEqual([...lines, 'artifacts\trw\tdirectory\t/artifacts'].sort());
    // The host itself holds them read-only, whatever the guest and the share daemon do.
    const held = await site.onHost('read -r pid _ <"$1/machine"; cat "/proc/$pid/mountinfo"', vm);
    for (const [device] of wanted) expect(held).toMatch(new RegExp(` ${vm}/shares/${device} ro,`));
  }

  describe.concurrent('a prepared output', () => {
    it('is mounted where its manifest says, and cannot be written to, not even by root', async () => {
      const path = await prepareOutput(site, 'tools', {
        fill: 'mkdir bin; printf "#!/bin/sh\\necho the tool ran\\n" >bin/tool; chmod 755 bin/tool',
        mounts: [{ relative_path: 'bin', guest_path: '/opt/tools' }],
      });
      const { run, log } = await site.finish({
        command: `/opt/tools/tool
        touch /opt/tools/new 2>&1 | sed 's/.*: //'; echo x 2>/dev/null >>/opt/tools/tool || echo refused
        mount -o remount,rw /opt/tools 2>/dev/null; touch /opt/tools/new 2>/dev/null || echo stays; ls -A /opt/tools`,
        shell: 'sh',
        runAsRoot: true,
        preparedOutputs: [{ name: 'tools', path }],
      });
      expect(log.toString()).toBe('the tool ran\nRead-only file system\nrefused\nstays\ntool\n');
      expect(run.outcome.status).toBe('passed');
      expect(await site.onHost('cat "$1/bin/tool"; ls "$1/bin"', path)).toBe(
        '#!/bin/sh\necho the tool ran\ntool\n',
      );
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('may declare several mounts, beside those of another output, each a device of its own name', async () => {
      const fill = 'mkdir a b; echo A >a/f; echo B >b/f';
      const first = await prepareOutput(site, 'first', {
        fill,
        mounts: [
          { name: 'a', relative_path: 'a', guest_path: '/mnt/a' },
          { name: 'b', relative_path: 'b', guest_path: '/mnt/b' },
        ],
      });
      const second = await prepareOutput(site, 'second', {
        fill,
        mounts: [{ name: 'a', relative_path: '.', guest_path: '/mnt/all' }],
      });
      const runId = site.newRunId();
      const events = new EventRecorder();
      const running = site.pikaci.runJob({
        job: {
          id: 'j',
          command: 'cat /mnt/a/f /mnt/b/f /mnt/all/b/f; until [ -e /artifacts/go ]; do sleep 0.05; done',
          timeoutSecs: 60,
          preparedOutputs: [
            { name: 'first output', path: first },
            { name: 'second', path: second },
          ],
        },
        workspace: site.workspace,
        runId,
        events,
      });
      await events.logged('A\nB\nB\n');
      await expectMounts(runId, [
        [declaredPayloadMountDeviceName('first output', 'a'), `${first}/a`, '/mnt/a'],
        [declaredPayloadMountDeviceName('first output', 'b'), `${first}/b`, '/mnt/b'],
        [declaredPayloadMountDeviceName('second', 'a'), second, '/mnt/all'],
        [
          declaredPayloadMountDeviceName('workspace-snapshot', 'workspace_snapshot_root'),
          null,
          '/workspace/snapshot',
        ],
      ]);
      await site.release(runId);
      const run = must(await running);
      must(await run.cleanUp);
      expect(run.outcome.status).toBe('passed');
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });

    it('may be mounted for writing when its manifest says so', async () => {
      const path = await prepareOutput(site, 'cache', {
        fill: 'mkdir cache; chmod 777 cache',
        mounts: [{ relative_path: 'cache', guest_path: '/mnt/cache', read_only: false }],
      });
      const { log } = await site.finish({
        command: 'echo kept >/mnt/cache/f && cat /mnt/cache/f',
        preparedOutputs: [{ name: 'cache', path }],
      });
      expect(log.toString()).toBe('kept\n');
      expect(await site.onHost('cat "$1/cache/f"', path)).toBe('kept\n');
    });

    it('is reached through links that stay inside of it', async () => {
      const path = await prepareOutput(site, 'inner-link', {
        fill: 'mkdir -p real/deep; echo linked >real/deep/f; ln -s real/deep current; ln -s "$PWD/real" absolute',
        mounts: [
          { name: 'relative', relative_path: 'current', guest_path: '/mnt/relative' },
          { name: 'absolute', relative_path: 'absolute/deep', guest_path: '/mnt/absolute' },
        ],
      });
      const { log } = await site.finish({
        command: 'cat /mnt/relative/f /mnt/absolute/f',
        preparedOutputs: [{ name: 'links', path }],
      });
      expect(log.toString()).toBe('linked\nlinked\n');
    });
  });
});
