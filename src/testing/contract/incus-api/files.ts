import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { runningInstance } from './running-instance.js';
import type { Bench } from './subject.js';

export function filesContract(runner: ContractRunner, bench: Bench): void {
  const { it, describe } = runner;
  const { subject } = bench;
  describe('files of an instance', () => {
    const name = runningInstance(runner, bench);
    const text = (content: string): Uint8Array => Buffer.from(content, 'utf8');
    const readText = async (path: string): Promise<string> => {
      const { api, project } = subject();
      return Buffer.from(okOf(await api.readFile(project, name(), path)).content).toString('utf8');
    };

    it('come back as they were written, with owner and mode', async () => {
      const { api, project } = subject();
      const path = '/root/a file é.txt';
      const bytes = Uint8Array.from({ length: 70_000 }, (_, index) => index % 256);
      okOf(await api.writeFile(project, name(), { path, content: bytes, uid: 5, gid: 6, mode: 0o640 }));
      const read = okOf(await api.readFile(project, name(), path));
      assert.deepEqual(Buffer.from(read.content), Buffer.from(bytes));
      assert.deepEqual([read.type, read.uid, read.gid, read.mode], ['file', 5, 6, 0o640]);
      assert.deepEqual(okOf(await api.fileInfo(project, name(), path)), {
        type: 'file',
        uid: 5,
        gid: 6,
        mode: 0o640,
      });
    });

    it('are overwritten or appended to, and keep their mode', async () => {
      const { api, project } = subject();
      const path = '/root/log';
      okOf(await api.writeFile(project, name(), { path, content: text('long first'), mode: 0o600 }));
      okOf(await api.writeFile(project, name(), { path, content: text('one'), mode: 0o644 }));
      okOf(await api.writeFile(project, name(), { path, content: text(' two'), write: 'append' }));
      assert.equal(await readText(path), 'one two');
      assert.equal(okOf(await api.fileInfo(project, name(), path)).mode, 0o600);
    });

    it('can be empty', async () => {
      const { api, project } = subject();
      okOf(await api.writeFile(project, name(), { path: '/root/empty', content: new Uint8Array() }));
      assert.equal(await readText('/root/empty'), '');
    });

    it('need their directory, which can be made', async () => {
      const { api, project } = subject();
      const path = '/root/deep/er';
      faultOf(await api.writeFile(project, name(), { path: `${path}/f`, content: text('x') }), 'not_found');
      faultOf(await api.makeDirectory(project, name(), { path }), 'not_found');
      okOf(await api.makeDirectory(project, name(), { path: '/root/deep', mode: 0o755 }));
      okOf(await api.makeDirectory(project, name(), { path, mode: 0o700, uid: 7, gid: 8 }));
      const info = okOf(await api.fileInfo(project, name(), path));
      assert.deepEqual(info, { type: 'directory', uid: 7, gid: 8, mode: 0o700 });
      okOf(await api.writeFile(project, name(), { path: `${path}/f`, content: text('x') }));
      okOf(await api.writeFile(project, name(), { path: `${path}/e`, content: text('x') }));
      assert.deepEqual((JSON.parse(await readText(path)) as string[]).sort(), ['e', 'f']);
    });

    it('are gone when deleted, and not_found after that', async () => {
      const { api, project } = subject();
      const path = '/root/gone';
      okOf(await api.writeFile(project, name(), { path, content: text('x') }));
      okOf(await api.deleteFile(project, name(), path));
      faultOf(await api.readFile(project, name(), path), 'not_found');
      faultOf(await api.fileInfo(project, name(), path), 'not_found');
      faultOf(await api.deleteFile(project, name(), path), 'not_found');
      faultOf(await api.readFile(project, 'no-such-instance', path), 'not_found');
    });

    it('are not read beyond the size that the caller allows', async () => {
      const { api, project } = subject();
      const path = '/root/large';
      okOf(await api.writeFile(project, name(), { path, content: new Uint8Array(5000) }));
      faultOf(await api.readFile(project, name(), path, { maxBytes: 4999 }), 'invalid_request');
      assert.equal(okOf(await api.readFile(project, name(), path, { maxBytes: 5000 })).content.length, 5000);
    });
  });
}
