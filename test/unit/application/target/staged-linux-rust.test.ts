import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseJsonConfig } from '../../../../src/adapters/cli/config/json-config.js';
import { pikaciConfigSchema } from '../../../../src/domain/config/config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { repositoryRoot } from '../../../support/repository-root.js';
import { TargetInMemory } from './target-in-memory.js';

const STORE = '/nix/store/0123-';

it('the staged Rust lane of the example builds its outputs once, and mounts them into every job', async () => {
  const text = await readFile(join(repositoryRoot, 'examples/staged-linux-rust/pikaci.config.json'), 'utf8');
  const config = pikaciConfigSchema.parse(
    must(parseJsonConfig(text).mapErr((e) => ({ kind: 'x', message: String(e) }))).value,
  );
  const lane = config.targets['pre-merge-rust'];
  if (lane === undefined) throw new Error('the example has no target pre-merge-rust');
  const commands: string[] = [];
  const devices: string[][] = [];
  const target: TargetInMemory = await TargetInMemory.of(lane, {
    script: async ({ request }) => {
      commands.push(`${request.command} ${request.environment?.['MATRIX_TRANSPORT'] ?? ''}`.trim());
      const machines = must(await target.host.incus.instances('default'));
      for (const machine of machines)
        devices.push(Object.values(machine.devices).map(({ path, source }) => `${path} from ${source}`));
      return 0;
    },
  });
  const builds: string[] = [];
  for (const [output, place] of [
    ['workspaceDeps', 'workspace-deps'],
    ['workspaceBuild', 'workspace-build'],
  ] as const)
    await target.writeOutput(`${STORE}${output}`, `/staged/linux-rust/${place}`);
  target.host.shell.handle(({ command, write }) => {
    if (command.argv[0] !== 'nix') return undefined;
    const installable = command.argv.find((word) => word.startsWith('path:')) ?? '';
    const output = installable.slice(installable.lastIndexOf('.') + 1);
    builds.push(output);
    write('stdout', JSON.stringify([{ drvPath: '/nix/store/x.drv', outputs: { out: `${STORE}${output}` } }]));
    return 0;
  });
  await target.run({ target: 't' });

  expect(builds).toEqual(['workspaceDeps', 'workspaceBuild']);
  const ends = target.ends();
  expect(ends.slice(0, 3)).toEqual(['workspace-deps passed', 'workspace-build passed', 'core-lib passed']);
  expect(ends).toHaveLength(5);
  expect((await target.record()).jobs.map(({ id, status }) => [id, status])).toEqual([
    ['core-lib', 'passed'],
    ['messaging-e2e-relay', 'passed'],
    ['messaging-e2e-direct', 'passed'],
  ]);
  expect(commands[0]).toBe('/staged/linux-rust/workspace-build/bin/run-core-lib-tests');
  expect(
    commands
      .slice(1)
      .map((command) => command.split(' ').at(-1))
      .sort(),
  ).toEqual(['direct', 'relay']);
  expect(devices.length).toBeGreaterThanOrEqual(3);
  for (const mounted of devices)
    expect(mounted).toEqual(
      expect.arrayContaining([
        `/staged/linux-rust/workspace-deps from ${STORE}workspaceDeps`,
        `/staged/linux-rust/workspace-build from ${STORE}workspaceBuild`,
      ]),
    );
  expect((await target.outputs()).outputs.map(({ node_id, output_name }) => [node_id, output_name])).toEqual([
    ['workspace-deps', 'ci.x86_64-linux.workspaceDeps'],
    ['workspace-build', 'ci.x86_64-linux.workspaceBuild'],
  ]);
});
