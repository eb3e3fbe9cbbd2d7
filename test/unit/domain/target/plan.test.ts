import { describe, expect, it } from 'vitest';
import { makePlan, planTemplates } from '../../../../src/domain/target/plan.js';
import { type TargetConfigInput, targetConfigSchema } from '../../../../src/domain/target/target-config.js';

const plan = (target: TargetConfigInput, jobs: string[] = []) =>
  makePlan(targetConfigSchema.parse(target), jobs);
const job = (id: string, dependsOn: string[] = [], more: object = {}) => ({
  id,
  command: 'true',
  dependsOn,
  ...more,
});
const path = (id: string, dependsOn: string[] = []) =>
  ({ id, type: 'path', path: `/opt/${id}`, dependsOn }) as const;
const ids = (target: TargetConfigInput, jobs: string[] = []) =>
  plan(target, jobs)
    ._unsafeUnwrap()
    .nodes.map((node) => node.id);

describe('a plan', () => {
  it('has every node after all that it depends on, and otherwise in the order of the configuration', () => {
    const target = {
      prepare: [path('deps'), path('build', ['deps'])],
      jobs: [job('c', ['a', 'b']), job('a', ['build']), job('b'), job('d')],
    };
    expect(ids(target)).toEqual(['deps', 'build', 'a', 'b', 'c', 'd']);
  });

  it('has what runs after a failure or in any case, and names nothing, after all else; no two of them wait for each other', () => {
    const target = {
      prepare: [path('deps')],
      jobs: [
        job('notify', [], { when: 'on_failure' }),
        job('after', ['notify']),
        job('tidy', [], { when: 'always' }),
        job('more', ['tidy'], { when: 'always' }),
        job('a', ['deps']),
        job('b', ['a'], { when: 'always' }),
      ],
    };
    const { nodes } = plan(target)._unsafeUnwrap();
    const waits = Object.fromEntries(nodes.map(({ id, dependsOn }) => [id, dependsOn]));
    expect(nodes.map(({ id }) => id)).toEqual(['deps', 'a', 'b', 'notify', 'after', 'tidy', 'more']);
    expect(waits).toMatchObject({ notify: ['deps', 'a', 'b'], tidy: ['deps', 'a', 'b'], more: ['tidy'] });
    // It waits for what is prepared, and does not get it.
    expect(nodes.find(({ id }) => id === 'notify')).toMatchObject({ outputs: [], when: 'on_failure' });
    expect(ids(target, ['notify'])).toEqual(['notify']);
    const circle = { jobs: [job('x', ['y'], { when: 'always' }), job('y', ['x'], { when: 'on_failure' })] };
    expect(plan(circle)._unsafeUnwrapErr()).toMatchObject({
      kind: 'dependency_cycle',
      path: ['x', 'y', 'x'],
    });
  });

  it('of some jobs has them and what they depend on, and no more', () => {
    const target = {
      prepare: [path('deps'), path('other')],
      jobs: [job('a', ['deps']), job('b', ['a']), job('c', ['other'])],
    };
    expect(ids(target, ['b'])).toEqual(['deps', 'a', 'b']);
    expect(plan(target, ['x'])._unsafeUnwrapErr()).toMatchObject({ kind: 'unknown_job', path: ['x'] });
  });

  it('has the jobs whose artifacts a job mounts before it; they must be jobs that bring some back', () => {
    const makes = { artifacts: ['out/**'] };
    const target = {
      prepare: [path('deps')],
      jobs: [
        job('use', [], { artifactsFrom: ['m', 'build'] }),
        job('build', [], makes),
        job('m', [], { ...makes, matrix: { n: [1, 2] } }),
        job('reports', [], { reports: { junit: ['*.xml'] } }),
        job('idle'),
      ],
    };
    expect(ids(target, ['use'])).toEqual(['m-1', 'm-2', 'build', 'use']);
    const wrong = (more: object, of = 'use') =>
      plan({ ...target, jobs: [...target.jobs, job('x', [], more)] }, [of])._unsafeUnwrapErr();
    expect(
      plan({ jobs: [...target.jobs.slice(1), job('x', [], { artifactsFrom: ['m-2', 'reports'] })] }).isOk(),
    ).toBe(true);
    expect(wrong({ artifactsFrom: ['nobody'] })).toMatchObject({
      kind: 'unknown_dependency',
      path: ['x', 'nobody'],
    });
    expect(wrong({ artifactsFrom: ['idle'] })).toMatchObject({
      kind: 'no_artifacts',
      path: ['x', 'idle'],
      message: 'x: artifactsFrom: idle brings nothing back: say in its "artifacts" which files these are',
    });
    expect(wrong({ artifactsFrom: ['deps'] }).message).toContain('deps is a prepare node');
    expect(wrong({ artifactsFrom: ['x'], ...makes }, 'x')).toMatchObject({
      kind: 'dependency_cycle',
      path: ['x', 'x'],
    });
    expect(wrong({ artifactsFrom: ['big'], ...makes }, 'x')).toMatchObject({ kind: 'unknown_dependency' });
    const many = Array.from({ length: 65 }, (_, n) => n);
    const big = [job('big', [], { ...makes, matrix: { n: many } }), job('y', [], { artifactsFrom: ['big'] })];
    expect(plan({ jobs: big })._unsafeUnwrapErr().message).toContain(
      'the artifacts of 65 jobs are more than the 64',
    );
  });

  it('has the templates of the services of a job before it, each once', () => {
    const template = { from: 'image', setup: 'true' };
    const services = [
      { name: 'db', template: 'data' },
      { name: 'cache', template: 'data' },
    ];
    const target = { templates: { data: template, other: template }, jobs: [job('j', [], { services })] };
    expect(ids(target)).toEqual(['data', 'j']);
    const unknown = targetConfigSchema.safeParse({ jobs: [job('j', [], { services })] });
    expect(unknown.error?.issues[0]?.path).toEqual(['jobs', 0, 'services', 0, 'template']);
  });

  it('of templates alone has those that are asked for, each after what it is made from', () => {
    const from = (name: string) => ({ from: name, setup: 'x' });
    const target = targetConfigSchema.parse({
      templates: { c: from('b'), b: from('a'), a: from('image'), other: from('image') },
      jobs: [job('j')],
    });
    const names = (asked?: readonly string[]) =>
      planTemplates(target, asked)
        ._unsafeUnwrap()
        .map(({ id }) => id);
    expect(names()).toEqual(['a', 'b', 'c', 'other']);
    expect(names(['b'])).toEqual(['a', 'b']);
    expect(planTemplates(target, ['x'])._unsafeUnwrapErr()).toMatchObject({ kind: 'unknown_template' });
    const cycle = targetConfigSchema.parse({ templates: { a: from('b'), b: from('a') }, jobs: [job('j')] });
    expect(planTemplates(cycle)._unsafeUnwrapErr().path).toEqual(['a', 'b', 'a']);
  });

  it('refuses a cycle, and shows the way around it', () => {
    const fault = plan({ jobs: [job('z', ['a']), job('a', ['b']), job('b', ['c']), job('c', ['a'])] });
    expect(fault._unsafeUnwrapErr()).toEqual({
      kind: 'dependency_cycle',
      path: ['a', 'b', 'c', 'a'],
      message: 'these depend on each other: a → b → c → a',
    });
    expect(plan({ jobs: [job('a', ['a'])] })._unsafeUnwrapErr().path).toEqual(['a', 'a']);
    const prepares = { prepare: [path('p', ['q']), path('q', ['p'])], jobs: [job('a')] };
    expect(plan(prepares)._unsafeUnwrapErr().path).toEqual(['p', 'q', 'p']);
  });

  it('refuses two outputs that one command would find in one variable, and names both', () => {
    const command = { id: 'made', type: 'command' as const, command: 'x', dependsOn: ['lib-a', 'lib_a'] };
    const fault = plan({ prepare: [path('lib-a'), path('lib_a'), command], jobs: [job('a')] });
    expect(fault._unsafeUnwrapErr()).toEqual({
      kind: 'duplicate_node',
      path: ['made', 'lib-a', 'lib_a'],
      message: 'made would find both lib-a and lib_a in PIKACI_PREPARED_LIB_A; give one of them another id',
    });
    const one = { ...command, dependsOn: ['lib_a'] };
    expect(plan({ prepare: [path('lib-a'), path('lib_a'), one], jobs: [job('a')] }).isOk()).toBe(true);
  });

  it('refuses a name that is not there, and shows who names it and what there is', () => {
    const fault = plan({ prepare: [path('deps')], jobs: [job('a', ['dep']), job('b')] });
    expect(fault._unsafeUnwrapErr()).toEqual({
      kind: 'unknown_dependency',
      path: ['a', 'dep'],
      message: 'a → dep: there is no dep; a may depend on deps, b',
    });
    const onJob = { prepare: [path('deps', ['a'])], jobs: [job('a')] };
    expect(plan(onJob)._unsafeUnwrapErr().path).toEqual(['deps', 'a']);
  });

  it('refuses a job that is called as a prepare node is', () => {
    const fault = plan({ prepare: [path('x')], jobs: [job('x')] })._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind: 'duplicate_node', path: ['x'] });
  });
});

describe('a matrix', () => {
  const matrix = { node: ['20', 22], os: ['deb 12', 'alpine'] };

  it('makes a job of each combination, with the values in its environment', () => {
    const { nodes } = plan({ jobs: [job('t', [], { matrix, env: { A: '1' } })] })._unsafeUnwrap();
    expect(nodes.map((node) => node.id)).toEqual([
      't-20-deb_12',
      't-20-alpine',
      't-22-deb_12',
      't-22-alpine',
    ]);
    expect(nodes[0]).toMatchObject({
      baseId: 't',
      job: { id: 't-20-deb_12', env: { A: '1', MATRIX_NODE: '20', MATRIX_OS: 'deb 12' } },
    });
  });

  it('is waited for as a whole by those who name the job, and in one part by those who name that', () => {
    const target = { jobs: [job('t', [], { matrix }), job('all', ['t']), job('one', ['t-22-alpine'])] };
    const { nodes } = plan(target)._unsafeUnwrap();
    expect(nodes.find(({ id }) => id === 'all')?.dependsOn).toHaveLength(4);
    expect(nodes.find(({ id }) => id === 'one')?.dependsOn).toEqual(['t-22-alpine']);
    expect(ids(target, ['t-20-alpine'])).toEqual(['t-20-alpine']);
    expect(ids(target, ['t'])).toHaveLength(4);
  });

  const message = (values: object) =>
    plan({ jobs: [job('t', [], { matrix: values })] })._unsafeUnwrapErr().message;
  const combinations = (values: object) =>
    plan({ jobs: [job('t', [], { matrix: values })] })
      ._unsafeUnwrap()
      .nodes.map((node) => (node.kind === 'execute' ? [node.id, node.job.env] : []));

  it('is refused when two combinations are the same, when an id is too long, and when it is too large', () => {
    expect(message({ a: ['x', 'x'] })).toContain('twice: two of its combinations are the same');
    expect(message({ a: ['x'.repeat(70)] })).toContain('too long');
    const many = Array.from({ length: 17 }, (_, index) => index);
    expect(message({ a: many, b: many })).toContain('has 289 combinations; at most 256 are run');
  });

  it('keeps ids distinct that differ only in what an id cannot have', () => {
    const found = ids({ jobs: [job('t', [], { matrix: { a: ['x y', 'x_y', 'x/y'] } })] });
    expect(found).toEqual([
      expect.stringMatching(/^t-x_y-[0-9a-f]{8}$/),
      't-x_y',
      expect.stringMatching(/^t-x_y-/),
    ]);
    expect(new Set(found).size).toBe(3);
    const joined = ids({ jobs: [job('t', [], { matrix: { a: ['1-2', '1'], b: ['3', '2-3'] } })] });
    expect(new Set(joined).size).toBe(4);
    expect(joined.filter((id) => /^t-1-2-3-[0-9a-f]{8}$/.test(id))).toHaveLength(2);
  });

  it('is refused when two of its names are one variable', () => {
    expect(message({ os: ['a'], OS: ['b'] })).toBe(
      'the matrix of t names both os and OS, which are one variable, MATRIX_OS; rename one',
    );
    expect(message({ os: ['a'], include: [{ Os: 'a' }] })).toContain('names both os and Os');
  });

  it('leaves out what is excluded, and refuses what excludes nothing', () => {
    const values = { os: ['a', 'b'], v: [1, 2] };
    expect(combinations({ ...values, exclude: [{ os: 'a', v: 2 }] }).map(([id]) => id)).toEqual([
      't-a-1',
      't-b-1',
      't-b-2',
    ]);
    expect(combinations({ ...values, exclude: [{ os: 'a' }] })).toHaveLength(2);
    expect(message({ ...values, exclude: [{ os: 'c' }] })).toContain(
      'no combination that exclude.0 names: os "c"',
    );
    expect(message({ ...values, exclude: [{ arch: 'x' }] })).toContain('has no arch, which exclude.0 names');
    expect(message({ os: ['a'], exclude: [{ os: 'a' }] })).toContain('leaves no combination to run');
  });

  it('adds what is included: to the combinations that it agrees with, or as one more', () => {
    const values = { fruit: ['apple', 'pear'], animal: ['cat', 'dog'] };
    const include = [
      { colour: 'green' },
      { colour: 'pink', animal: 'cat' },
      { fruit: 'apple', shape: 'circle' },
      { fruit: 'banana' },
      { fruit: 'banana', animal: 'cat' },
    ];
    expect(combinations({ ...values, include })).toEqual([
      [
        't-apple-cat',
        { MATRIX_FRUIT: 'apple', MATRIX_ANIMAL: 'cat', MATRIX_COLOUR: 'pink', MATRIX_SHAPE: 'circle' },
      ],
      [
        't-apple-dog',
        { MATRIX_FRUIT: 'apple', MATRIX_ANIMAL: 'dog', MATRIX_COLOUR: 'green', MATRIX_SHAPE: 'circle' },
      ],
      ['t-pear-cat', { MATRIX_FRUIT: 'pear', MATRIX_ANIMAL: 'cat', MATRIX_COLOUR: 'pink' }],
      ['t-pear-dog', { MATRIX_FRUIT: 'pear', MATRIX_ANIMAL: 'dog', MATRIX_COLOUR: 'green' }],
      ['t-banana', { MATRIX_FRUIT: 'banana' }],
      ['t-banana-cat', { MATRIX_FRUIT: 'banana', MATRIX_ANIMAL: 'cat' }],
    ]);
    expect(combinations({ include: [{ os: 'a', v: 1 }, { os: 'b' }] })).toEqual([
      ['t-a-1', { MATRIX_OS: 'a', MATRIX_V: '1' }],
      ['t-b', { MATRIX_OS: 'b' }],
    ]);
  });

  it('may have values under these names, as any other', () => {
    expect(combinations({ include: ['x'], exclude: [1] })).toEqual([
      ['t-x-1', { MATRIX_INCLUDE: 'x', MATRIX_EXCLUDE: '1' }],
    ]);
  });
});
