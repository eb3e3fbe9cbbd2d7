import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobFault } from '../../src/index.js';
import { mustFail } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { EventRecorder } from '../support/event-recorder.js';
import { type PreparedOutputFiles, prepareOutput } from '../support/prepared-output.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  interface Refused {
    readonly because: string;
    readonly files: PreparedOutputFiles;
    readonly kind: JobFault['kind'];
    readonly field?: string;
    readonly says: RegExp;
  }

  const data = { relative_path: 'data', guest_path: '/mnt/data' };
  const refusals: readonly Refused[] = [
    {
      because: 'its manifest is missing',
      files: { fill: 'rm -r share' },
      kind: 'manifest_missing',
      says: /payload-manifest\.json does not exist/,
    },
    {
      because: 'its manifest is a directory',
      files: { fill: 'rm share/pikaci/*; mkdir share/pikaci/payload-manifest.json' },
      kind: 'manifest_invalid',
      says: /is a directory/,
    },
    {
      because: 'its manifest is not JSON',
      files: { manifest: '{' },
      kind: 'manifest_invalid',
      says: /not UTF-8 JSON/,
    },
    {
      because: 'its manifest has another schema',
      files: { manifest: '{"schema_version":2,"kind":"x"}' },
      kind: 'manifest_invalid',
      says: /schema_version/,
    },
    {
      because: 'a mount lacks its guest path',
      files: { manifest: '{"schema_version":1,"kind":"x","mounts":[{"name":"a","relative_path":"."}]}' },
      kind: 'manifest_invalid',
      says: /mounts\.0\.guest_path/,
    },
    {
      because: 'a relative path escapes',
      files: { mounts: [{ ...data, relative_path: 'data/../../other' }] },
      kind: 'payload_refused',
      field: 'relative_path',
      says: /"data\/\.\.\/\.\.\/other"/,
    },
    {
      because: 'a relative path is absolute',
      files: { mounts: [{ ...data, relative_path: '/etc' }] },
      kind: 'payload_refused',
      field: 'relative_path',
      says: /"\/etc" is absolute/,
    },
    {
      because: 'a relative path leads to nothing',
      files: { mounts: [data] },
      kind: 'payload_refused',
      field: 'relative_path',
      says: /data does not exist/,
    },
    {
      because: 'a guest path is not normalised',
      files: { mounts: [{ ...data, guest_path: '/mnt/../etc' }] },
      kind: 'payload_refused',
      field: 'guest_path',
      says: /"\/mnt\/\.\.\/etc"/,
    },
    {
      because: 'a guest path is owned by the supervisor',
      files: { mounts: [{ ...data, guest_path: '/artifacts/x' }] },
      kind: 'payload_refused',
      field: 'guest_path',
      says: /\/artifacts/,
    },
    {
      because: 'two mounts overlap',
      files: {
        mounts: [
          { ...data, name: 'a', guest_path: '/mnt' },
          { ...data, name: 'b' },
        ],
      },
      kind: 'payload_refused',
      field: 'guest_path',
      says: /overlaps \/mnt/,
    },
    {
      because: 'two mounts have one name',
      files: { mounts: [data, { ...data, guest_path: '/mnt/2' }] },
      kind: 'payload_refused',
      field: 'name',
      says: /taken by another mount/,
    },
    {
      because: 'a mount lies over the workspace',
      files: { mounts: [{ ...data, guest_path: '/workspace' }] },
      kind: 'payload_refused',
      field: 'guest_path',
      says: /overlaps \/workspace\/snapshot/,
    },
    {
      because: 'a mount lies in the workspace',
      files: { mounts: [{ ...data, guest_path: '/workspace/snapshot/node_modules' }] },
      kind: 'payload_refused',
      field: 'guest_path',
      says: /overlaps \/workspace\/snapshot/,
    },
    {
      because: 'a link leads out of it',
      files: { fill: 'mkdir in; ln -s /etc in/out', mounts: [{ ...data, relative_path: 'in/out' }] },
      kind: 'payload_refused',
      field: 'relative_path',
      says: /the link \S+\/in\/out leads to \/etc, outside/,
    },
    {
      because: 'a link above the source leads out of it',
      files: { fill: 'ln -s / root', mounts: [{ ...data, relative_path: 'root/etc' }] },
      kind: 'payload_refused',
      field: 'relative_path',
      says: /the link \S+\/root leads to \/etc, outside/,
    },
    {
      because: 'a link leads to a neighbour whose name begins alike',
      files: { fill: 'mkdir -p "$PWD-neighbour"; ln -s "$PWD-neighbour" data', mounts: [data] },
      kind: 'payload_refused',
      field: 'relative_path',
      says: /-neighbour, outside/,
    },
  ];

  describe.concurrent('a prepared output is refused, and no machine is made,', () => {
    for (const [index, { because, files, kind, field, says }] of refusals.entries()) {
      it(`when ${because}`, async () => {
        const path = await prepareOutput(site, `refused-${index}`, files);
        const runId = site.newRunId();
        const events = new EventRecorder();
        const job = { id: 'j', command: 'true', preparedOutputs: [{ name: 'the output', path }] };
        const fault = mustFail(
          await site.pikaci.runJob({ job, workspace: site.workspace, runId, events }),
          kind,
        );
        expect(fault.message).toMatch(says);
        expect(fault.phase).toBe('prepare_runtime');
        if (field !== undefined) expect(fault.field).toBe(field);
        expect(
          events
            .of('phase_finished')
            .filter(({ ok }) => !ok)
            .map(({ phase }) => phase),
        ).toEqual(['prepare_runtime']);
        expect(events.of('instance_created')).toEqual([]);
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
      });
    }

    it('when a mount of another one overlaps: both are named', async () => {
      const paths = ['/opt/tool', '/opt/tool/bin'].map((guest_path, index) =>
        prepareOutput(site, `overlap-${index}`, { mounts: [{ guest_path }] }),
      );
      const [outer = '', inner = ''] = await Promise.all(paths);
      const preparedOutputs = [
        { name: 'compiler', path: outer },
        { name: 'linker', path: inner },
      ];
      const runId = site.newRunId();
      const job = { id: 'j', command: 'true', preparedOutputs };
      const run = await site.pikaci.runJob({ job, workspace: site.workspace, runId });
      expect(mustFail(run, 'payload_refused').message).toMatch(
        /of the output "linker".* overlaps \/opt\/tool of .* of the output "compiler"/,
      );
      expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    });
  });
});
