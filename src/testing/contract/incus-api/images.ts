import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, freshName, newInstance } from './subject.js';

export function imagesContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe('images that are made of snapshots', () => {
    it('go out as one file and come in again, with their properties and what was in them', async () => {
      const { api, project } = subject();
      const source = newInstance(subject(), { ephemeral: false, start: false });
      okOf(await api.createInstance(project, source));
      const mark = { path: '/root/mark', content: Buffer.from('in the image') };
      okOf(await api.writeFile(project, source.name, mark));
      const of = { instance: source.name, snapshot: 'ready' };
      okOf(await api.snapshotInstance(project, of));
      const properties = { 'contract.key': 'v', 'contract.text': 'a "b" & c=d' };
      const published = { of, properties, filename: `${source.name}.out`, compression: 'none' };
      const { fingerprint } = okOf(await api.publishImage(project, published, { timeoutMs: 120_000 }));
      const image = okOf(await api.image(project, fingerprint));
      assert.deepEqual([image.type, image.aliases, image.filename], ['container', [], published.filename]);
      assert.ok(Math.abs(Date.parse(image.uploadedAt) - Date.now()) < 3_600_000);
      assert.deepEqual({ ...image.properties, ...properties }, image.properties);

      // More than may come ends it; so does a reader who has had enough.
      const capped = okOf(await api.exportImage(project, fingerprint, { maxBytes: 100 }));
      for await (const _ of capped.content);
      faultOf(await capped.ended, 'invalid_request');
      const left = okOf(await api.exportImage(project, fingerprint));
      for await (const _ of left.content) break;
      faultOf(await left.ended, 'aborted');
      const unread = okOf(await api.exportImage(project, fingerprint));
      await unread[Symbol.asyncDispose]();
      faultOf(await unread.ended, 'aborted');

      const pieces: Uint8Array[] = [];
      await using download = okOf(await api.exportImage(project, fingerprint));
      for await (const piece of download.content) pieces.push(piece);
      const file = Buffer.concat(pieces);
      assert.deepEqual(okOf(await download.ended), { bytes: file.length });
      assert.equal(createHash('sha256').update(file).digest('hex'), fingerprint);
      faultOf(await api.importImage(project, { content: inPieces(file), filename: 'x' }), 'already_exists');
      okOf(await api.deleteImage(project, fingerprint));
      faultOf(await api.image(project, fingerprint), 'not_found');

      const filename = `${source.name}.in`;
      const imported = okOf(await api.importImage(project, { content: inPieces(file), filename }));
      assert.equal(imported.fingerprint, fingerprint);
      const again = okOf(await api.image(project, fingerprint));
      assert.deepEqual({ ...again.properties, ...properties }, again.properties);
      assert.equal(again.filename, filename);
      const copy = newInstance(subject(), { source: { fingerprint }, start: false });
      okOf(await api.createInstance(project, copy));
      okOf(await api.deleteImage(project, fingerprint));
      const read = okOf(await api.readFile(project, copy.name, mark.path));
      assert.equal(Buffer.from(read.content).toString(), 'in the image');
      const { config } = okOf(await api.instance(project, copy.name)).value;
      assert.equal(config['image.contract.key'], 'v');
      await discard(subject(), copy.name);
      await discard(subject(), source.name);
    }, 180_000);

    it('that are not there are not found, and what is no image is none', async () => {
      const { api, project } = subject();
      const of = { instance: freshName(), snapshot: 'ready' };
      faultOf(await api.publishImage(project, { of, properties: {}, filename: 'x' }), 'not_found');
      faultOf(await api.exportImage(project, 'f'.repeat(64)), 'not_found');
      faultOf(await api.deleteImage(project, 'f'.repeat(64)), 'not_found');
      const before = okOf(await api.images(project)).map(({ fingerprint }) => fingerprint);
      const content = inPieces(Buffer.from('no image at all'));
      faultOf(await api.importImage(project, { content, filename: 'x' }), 'operation_failed');
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield Buffer.alloc(100_000);
        throw new Error('the disk is gone');
      }
      const cut = await api.importImage(project, { content: broken(), filename: 'x' });
      assert.match(faultOf(cut, 'aborted').message, /the disk is gone/);
      const gone = { signal: AbortSignal.abort() };
      faultOf(await api.importImage(project, { content: broken(), filename: 'x' }, gone), 'aborted');
      const after = okOf(await api.images(project)).map(({ fingerprint }) => fingerprint);
      assert.deepEqual(after.sort(), before.sort());
    });
  });
}

async function* inPieces(file: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += 1_000_000) yield file.subarray(at, at + 1_000_000);
}
