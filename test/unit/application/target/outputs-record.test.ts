import { expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { OutputsRecord } from '../../../../src/application/target/outputs-record.js';
import {
  preparedOutputsRecordSchema,
  type RealizedPreparedOutput,
} from '../../../../src/domain/records/prepared-outputs-record.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const PATH = '/state/prepared-outputs.json';
const output = (id: string): RealizedPreparedOutput => ({
  node_id: id,
  installable: id,
  output_name: id,
  protocol: 'host_path_v1',
  residency: 'remote_authoritative',
  realized_path: `/srv/${id}`,
  exposures: [],
  requested_exposures: [],
  payload: { schema_version: 1, kind: 'test', entrypoints: [], asset_roots: [], mounts: [] },
});

/** Each write waits until it is let go. */
async function heldFiles() {
  const files = new MemoryFileStore();
  must(await files.makeDirectory('/state'));
  const writes: (() => void)[] = [];
  const writeFile: MemoryFileStore['writeFile'] = async (...args) => {
    await new Promise<void>((go) => void writes.push(go));
    return MemoryFileStore.prototype.writeFile.apply(files, args);
  };
  return { files, writes, held: Object.assign(Object.create(files), { writeFile }) as MemoryFileStore };
}
const tick = () => new Promise((resolve) => setImmediate(resolve));

it('outputs that are made at the same moment are all in the file, whichever write the disk is slow with', async () => {
  const { files, writes, held } = await heldFiles();
  const record = new OutputsRecord(held, PATH);
  const added = [record.add(output('a')), record.add(output('b'))];
  await tick();
  // The newest first, as long as there is one: the disk's choice.
  for (let go = writes.pop(); go !== undefined; go = writes.pop()) {
    go();
    await tick();
  }
  for (const one of await Promise.all(added)) must(one);
  const bytes = must(await files.readFile(PATH));
  const { outputs } = preparedOutputsRecordSchema.parse(JSON.parse(Buffer.from(bytes).toString()));
  expect(outputs.map(({ node_id }) => node_id)).toEqual(['a', 'b']);
});

it('an output that could not be recorded is a fault of that output, and the next one is written', async () => {
  const files = new MemoryFileStore();
  must(await files.makeDirectory('/state'));
  files.failNext('write', 'no_space', PATH);
  const record = new OutputsRecord(files, PATH);
  mustFail(await record.add(output('a')), 'no_space');
  must(await record.add(output('b')));
  expect([...record.outputs.keys()]).toEqual(['a', 'b']);
});
