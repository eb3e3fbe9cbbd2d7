import { describe, expect, it } from 'vitest';
import { makePlan } from '../../../../src/domain/target/plan.js';
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

  it('of some jobs has them and what they depend on, and no more', () => {
    const target = {
      prepare: [path('deps'), path('other')],
      jobs: [job('a', ['deps']), job('b', ['a']), job('c', ['other'])],
    };
    expect(ids(target, ['b'])).toEqual(['deps', 'a', 'b']);
    expect(plan(target, ['x'])._unsafeUnwrapErr()).toMatchObject({ kind: 'unknown_job', path: ['x'] });
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

  it('is refused when two combinations get one id, when an id is too long, and when it is too large', () => {
    const message = (values: object) =>
      plan({ jobs: [job('t', [], { matrix: values })] })._unsafeUnwrapErr().message;
    expect(message({ a: ['x y', 'x_y'] })).toBe('the matrix of t gives the job id "t-x_y" twice');
    expect(message({ a: ['x'.repeat(70)] })).toContain('too long');
    const many = Array.from({ length: 17 }, (_, index) => index);
    expect(message({ a: many, b: many })).toContain('has 289 combinations; at most 256 are run');
  });
});
