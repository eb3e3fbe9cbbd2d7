import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { pikaciConfigSchema } from '../../../src/domain/config/config.js';
import { jobSpecSchema } from '../../../src/domain/job/job-spec.js';
import { declaredPayloadMountDeviceName } from '../../../src/domain/mounts/mount-device-name.js';
import { payloadManifestSchema } from '../../../src/domain/mounts/payload-manifest.js';
import { validatePayloadMounts } from '../../../src/domain/mounts/payload-mount-rules.js';
import { makePlan } from '../../../src/domain/target/plan.js';
import { targetConfigSchema } from '../../../src/domain/target/target-config.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { blocksOf, DOCUMENTS } from '../../support/documents.js';
import { repositoryRoot } from '../../support/repository-root.js';

const page = (name: string) => readFileSync(join(repositoryRoot, 'docs', name), 'utf8');
const jsonBlocks = (text: string) =>
  [...text.matchAll(/^```json\n([\s\S]*?)^```/gm)].map(([, json = '']) => json.trim());

describe('what the documents show', () => {
  it('is a payload manifest that pikaci accepts', () => {
    const [json = ''] = jsonBlocks(page('incus-migration-plan.md'));
    const manifest = payloadManifestSchema.parse(JSON.parse(json));
    expect(manifest.mounts.length).toBe(1);
    expect(validatePayloadMounts('/output', manifest.mounts).isOk()).toBe(true);
  });

  it('is the device name of each mount', () => {
    const rows = [
      ...page('incus-migration-plan.md').matchAll(
        /^\| `([\w-]+)` \| `(\w+)` \| `([a-z]+-[0-9a-f]{11})` \|$/gm,
      ),
    ];
    expect(rows.length).toBe(3);
    for (const [, prefix = '', mount = '', device] of rows) {
      expect(declaredPayloadMountDeviceName(prefix, mount)).toBe(device);
    }
  });

  it('is a configuration that pikaci accepts, for each way to Incus', () => {
    const transports = jsonBlocks(page('operations.md')).flatMap((json) => {
      const piece = z.looseObject({}).parse(JSON.parse(`{${json}}`));
      if ('retention' in piece) return [];
      if ('retry' in piece || 'requests' in piece) {
        expect(jobSpecSchema.safeParse({ id: 'j', command: 'x', ...piece }).success).toBe(true);
        return [];
      }
      if ('jobs' in piece) {
        expect(targetConfigSchema.safeParse(piece).success).toBe(true);
        return [];
      }
      if ('microvm' in piece || 'targets' in piece) {
        expect(pikaciConfigSchema.safeParse({ host: 'local', ...piece }).success).toBe(true);
        return [];
      }
      const incus = 'transport' in piece ? piece : piece['incus'];
      return pikaciConfigSchema.parse({ host: 'local', incus }).incus.transport.via;
    });
    expect(transports).toEqual(['socket', 'socket', 'https', 'command', 'socket']);
  });

  it('is a job of steps that pikaci accepts', () => {
    const [json = '', artifacts = '', ...more] = jsonBlocks(page('steps.md'));
    expect(more).toEqual([]);
    const target = targetConfigSchema.parse(JSON.parse(`{${artifacts}}`));
    expect(must(makePlan(target)).nodes.map(({ id }) => id)).toEqual(['build', 'test']);
    const { targets } = pikaciConfigSchema.parse({ host: 'local', ...JSON.parse(`{${json}}`) });
    expect(targets['test']?.jobs[0]?.steps?.map(({ id, name, if: when }) => [id, name, when])).toEqual([
      ['install', 'Install', 'success'],
      ['test', 'Test', 'success'],
      ['report', 'report', 'failure'],
    ]);
  });

  it('is, in the README, a configuration and a job of steps that pikaci accepts', () => {
    const [config = '', steps = '', ...more] = blocksOf('README.md', 'json');
    expect(more).toEqual([]);
    const { targets } = pikaciConfigSchema.parse(JSON.parse(config));
    expect(targets['test']?.jobs.map(({ id }) => id)).toEqual(['unit']);
    const jobs = [JSON.parse(steps)];
    const withSteps = pikaciConfigSchema.parse({ host: 'local', targets: { t: { jobs } } });
    expect(withSteps.targets['t']?.jobs[0]?.steps).toHaveLength(3);
  });

  it('is prepared outputs that a job takes', () => {
    const [, outputs = ''] = jsonBlocks(page('incus-migration-plan.md'));
    const job = { id: 'j', command: 'true', ...JSON.parse(`{${outputs}}`) };
    const { targets } = pikaciConfigSchema.parse({ host: 'local', targets: { t: { jobs: [job] } } });
    expect(targets['t']?.jobs[0]?.preparedOutputs).toHaveLength(2);
  });

  it('is a program that is a file of examples/', () => {
    const files = readdirSync(join(repositoryRoot, 'examples')).filter((name) => name.endsWith('.mjs'));
    const programs = files.map((name) => readFileSync(join(repositoryRoot, 'examples', name), 'utf8').trim());
    expect(DOCUMENTS.flatMap((name) => blocksOf(name, 'js')).sort()).toEqual(programs.sort());
  });

  it('is a retention that pikaci accepts', () => {
    const blocks = jsonBlocks(page('operations.md')).filter((json) => json.startsWith('"retention"'));
    const kept = blocks.map((json) =>
      pikaciConfigSchema.parse({ host: 'local', ...JSON.parse(`{${json}}`) }),
    );
    expect(kept.map(({ retention }) => retention)).toEqual([{ keepDays: 30, keepBytes: '50GiB' }]);
  });
});
