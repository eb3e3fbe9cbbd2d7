import { describe, expect, it } from 'vitest';
import { jobSpecSchema } from '../../../../src/domain/job/job-spec.js';

const minimal = { id: 'j', command: 'npm test' };
const pathsOf = (fields: object) =>
  jobSpecSchema.safeParse({ ...minimal, ...fields }).error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('a job', () => {
  it('needs an id and a command, and gets every default', () => {
    expect(jobSpecSchema.parse(minimal)).toEqual({
      ...minimal,
      timeoutSecs: 1800,
      graceSecs: 10,
      runAsRoot: false,
      user: 'pikaci',
      writableWorkspace: false,
      artifacts: [],
      artifactCaps: { fileBytes: 1024 ** 3, totalBytes: 4 * 1024 ** 3, files: 20_000 },
      env: {},
      secrets: {},
      limits: {},
      instanceType: 'container',
      extraProfiles: [],
      preparedOutputs: [],
    });
  });

  const refusals: readonly [string, object, string][] = [
    ['an id that is no path component', { id: '../x' }, 'id'],
    ['an empty command', { command: '' }, 'command'],
    ['a NUL in the command', { command: 'a\0b' }, 'command'],
    ['no time at all', { timeoutSecs: 0 }, 'timeoutSecs'],
    ['more than a week', { timeoutSecs: 7 * 24 * 3600 + 1 }, 'timeoutSecs'],
    ['a time as text', { timeoutSecs: '600' }, 'timeoutSecs'],
    ['a negative grace', { graceSecs: -1 }, 'graceSecs'],
    ['a login name with a space', { user: 'a b' }, 'user'],
    ['an artifact outside of /artifacts', { artifacts: ['ok', '/etc/**'] }, 'artifacts.1'],
    ['an artifact outside of /artifacts that is left out', { artifacts: ['ok', '!/etc/**'] }, 'artifacts.1'],
    ['artifacts that only leave out', { artifacts: ['!a', '!b'] }, 'artifacts'],
    ['an artifact beside /artifacts', { artifacts: ['/artifacts2/x'] }, 'artifacts.0'],
    ['an artifact above the workspace', { artifacts: ['a/../../b'] }, 'artifacts.0'],
    ['a cap of nothing', { artifactCaps: { files: 0 } }, 'artifactCaps.files'],
    ['a variable name with a dash', { env: { 'A-B': 'x' } }, 'env.A-B'],
    ['a NUL in a variable', { env: { A: '\0' } }, 'env.A'],
    ['an empty secret', { secrets: { A: '' } }, 'secrets.A'],
    ['a size in words', { limits: { memory: 'lots' } }, 'limits.memory'],
    ['half a core', { limits: { cpu: 0.5 } }, 'limits.cpu'],
    ['an unknown instance type', { instanceType: 'vm' }, 'instanceType'],
    [
      'a prepared output with a relative path',
      { preparedOutputs: [{ name: 'n', path: 'x' }] },
      'preparedOutputs.0.path',
    ],
  ];
  for (const [what, fields, path] of refusals) {
    it(`with ${what} is refused, and the refusal names ${path}`, () => {
      expect(pathsOf(fields)).toEqual([path]);
    });
  }

  it('with a misspelt key is refused by its name', () => {
    const top = jobSpecSchema.safeParse({ ...minimal, timeoutSec: 5 }).error?.issues[0];
    expect(top).toMatchObject({ code: 'unrecognized_keys', keys: ['timeoutSec'], path: [] });
    const nested = jobSpecSchema.safeParse({ ...minimal, limits: { cpus: 2 } }).error?.issues[0];
    expect(nested).toMatchObject({ code: 'unrecognized_keys', keys: ['cpus'], path: ['limits'] });
  });

  it('takes globs under the workspace and /artifacts, and sizes with and without a unit', () => {
    expect(pathsOf({ artifacts: ['**/*.xml', '/artifacts', '/artifacts/**', 'a..b'] })).toEqual([]);
    for (const memory of ['1048576', '512MiB', '2GB']) expect(pathsOf({ limits: { memory } })).toEqual([]);
  });
});
