import { describe, expect, it } from 'vitest';
import { jobSpecSchema } from '../../../../src/domain/job/job-spec.js';

const minimal = { id: 'j', command: 'npm test' };
const pathsOf = (fields: object) =>
  jobSpecSchema.safeParse({ ...minimal, ...fields }).error?.issues.map(({ path }) => path.join('.')) ?? [];

/** So many variables of 100,000 bytes each. */
const many = (count: number, letter = 'V') =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${letter}${index}`, 'x'.repeat(100_000)]));
const withStep = (step: object, job: object = {}) =>
  jobSpecSchema
    .safeParse({ id: 'j', steps: [{ command: 'true', ...step }], ...job })
    .error?.issues.map(({ path }) => path.join('.')) ?? [];

describe('a job', () => {
  it('needs an id and a command, and gets every default', () => {
    expect(jobSpecSchema.parse(minimal)).toEqual({
      ...minimal,
      shell: ['/bin/sh', '-e'],
      timeoutSecs: 1800,
      graceSecs: 10,
      runAsRoot: false,
      writableWorkspace: false,
      artifacts: [],
      artifactCaps: { fileBytes: 1024 ** 3, totalBytes: 4 * 1024 ** 3, files: 20_000 },
      env: {},
      secrets: {},
      limits: {},
      instanceType: 'container',
      extraProfiles: [],
      preparedOutputs: [],
      caches: [],
      cargo: false,
    });
  });

  const refusals: readonly [string, object, string][] = [
    ['an id that is no path component', { id: '../x' }, 'id'],
    ['an empty command', { command: '' }, 'command'],
    ['a NUL in the command', { command: 'a\0b' }, 'command'],
    ['half of a character in the command', { command: 'echo \ud83d' }, 'command'],
    ['half of a character in a variable', { env: { A: '\udc00' } }, 'env.A'],
    ['half of a character in a secret', { secrets: { A: 'x\ud83d' } }, 'secrets.A'],
    ['half of a character in a pattern', { artifacts: ['a\ud83d*'] }, 'artifacts.0'],
    ['a variable that is longer than Linux allows', { env: { ABC: 'x'.repeat(131_068) } }, 'env.ABC'],
    ['a variable of as many bytes in fewer characters', { env: { ABC: 'ü'.repeat(65_534) } }, 'env.ABC'],
    ['more variables than a program can have', { env: many(11) }, 'env'],
    [
      'a secret whose name is too long for a file',
      { secrets: { ['A'.repeat(201)]: 'x' } },
      `secrets.${'A'.repeat(201)}`,
    ],
    ['a user beside root', { runAsRoot: true, user: 'builder' }, 'user'],
    ['the default user beside root', { runAsRoot: true, user: 'pikaci' }, 'user'],
    ['no time at all', { timeoutSecs: 0 }, 'timeoutSecs'],
    ['more than a week', { timeoutSecs: 7 * 24 * 3600 + 1 }, 'timeoutSecs'],
    ['a time as text', { timeoutSecs: '600' }, 'timeoutSecs'],
    ['a negative grace', { graceSecs: -1 }, 'graceSecs'],
    ['a login name with a space', { user: 'a b' }, 'user'],
    [
      'a required artifact outside of /artifacts',
      { artifacts: { paths: ['/etc/**'], required: true } },
      'artifacts.paths.0',
    ],
    ['a pattern with too many alternatives', { artifacts: ['{1..99999}'] }, 'artifacts.0'],
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
    ['an architecture by another name', { arch: 'amd64' }, 'arch'],
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

  it('takes what just fits', () => {
    expect(pathsOf({ env: { ABC: 'x'.repeat(131_067) } })).toEqual([]);
    expect(pathsOf({ env: many(10) })).toEqual([]);
    expect(pathsOf({ secrets: { ['A'.repeat(200)]: 'x' } })).toEqual([]);
    expect(pathsOf({ command: 'echo 😀', env: { A: '😀' } })).toEqual([]);
    expect(pathsOf({ runAsRoot: false, user: 'builder' })).toEqual([]);
  });

  it('has steps whose variables fit beside its own, and whose shell begins with a program', () => {
    expect(withStep({ env: many(5) }, { env: many(5, 'W') })).toEqual([]);
    expect(withStep({ env: many(5) }, { env: many(6, 'W') })).toEqual(['steps.0.env']);
    expect(withStep({ env: many(10), shell: ['sh', '-c', 'x'.repeat(100_000)] })).toEqual(['steps.0.env']);
    expect(withStep({ shell: ['bash', '-eu', '-o', 'pipefail'] })).toEqual([]);
    for (const shell of [
      '-x',
      'A=b',
      ['A=b', 'sh'],
      ['--', 'sh'],
      [''],
      ['a\0'],
      ['\ud83d'],
      ['x'.repeat(131_001)],
    ])
      expect(withStep({ shell })).toEqual([expect.stringMatching(/^steps\.0\.shell/)]);
    expect(withStep({ name: 'half \ud83d' })).toEqual(['steps.0.name']);
    expect(withStep({ workingDirectory: 'a\nb' })).toEqual(['steps.0.workingDirectory']);
    expect(withStep({ workingDirectory: `/${'x'.repeat(4000)}` })).toEqual(['steps.0.workingDirectory']);
    expect(withStep({ runAsRoot: true, user: 'builder' })).toEqual(['steps.0.user']);
  });

  it('names what a path cannot have, and what it has to be', () => {
    const messageOf = (path: string) =>
      jobSpecSchema.safeParse({ ...minimal, preparedOutputs: [{ name: 'n', path }] }).error?.issues[0]
        ?.message;
    expect(messageOf('/a\n')).toBe('must not hold control characters');
    expect(messageOf('/a\ud83d')).toMatch(/half of a surrogate pair/);
    expect(messageOf('/a/../b')).toBe('must be an absolute, normalised path on the host');
  });

  it('says how an architecture is called here that has another name elsewhere', () => {
    const told = (arch: string) => jobSpecSchema.safeParse({ ...minimal, arch }).error?.issues[0]?.message;
    expect(told('arm64')).toBe('arm64 is called aarch64 here, as "uname -m" says it');
    expect(told('toString')).toMatch(/^must be an architecture as "uname -m" says it: x86_64, aarch64,/);
    expect(told('aarch64')).toBeUndefined();
  });

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
