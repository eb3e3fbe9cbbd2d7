import { describe, expect, it } from 'vitest';
import type { RunJobStatus } from '../../../../src/domain/events/run-status.js';
import { type CommitStatus, statusRequest, verdictOf } from '../../../../src/domain/report/commit-status.js';
import { reportSchema } from '../../../../src/domain/report/report-config.js';

const COMMIT = 'a'.repeat(40);
const token = 'the-token';
const report = (to: 'github' | 'gitlab' | 'forgejo', more: object = {}) =>
  reportSchema.parse({
    to,
    url: 'https://forge.example/api/',
    token: { env: 'T' },
    repo: 'group/sub/name',
    ...more,
  });
const status = (more: Partial<CommitStatus> = {}): CommitStatus => ({
  runId: 'run-1',
  jobId: 'test',
  status: 'passed',
  message: '',
  isFilteredOut: false,
  ...more,
});
const request = (
  to: 'github' | 'gitlab' | 'forgejo',
  more: Partial<CommitStatus> = {},
  config: object = {},
) => {
  const made = statusRequest(report(to, config), { commit: COMMIT, token }, status(more));
  return { ...made, body: JSON.parse(made.body) as Record<string, unknown> };
};

describe('the state of a commit', () => {
  it('is not in the way where a failure is allowed, and says so; nothing is missing of what was not needed', () => {
    const allowed = { status: 'failed', message: 'exit code 3', allowFailure: true } as const;
    expect(request('github', allowed).body).toMatchObject({
      state: 'success',
      description: 'failed, which is allowed: exit code 3',
    });
    expect(request('gitlab', { status: 'skipped', notNeeded: true }).body).toMatchObject({
      state: 'skipped',
    });
    expect(request('github', { status: 'cancelled', allowFailure: true }).body).toMatchObject({
      state: 'error',
    });
  });

  it('is told to GitHub', () => {
    expect(request('github', {}, { pages: 'https://ci.example/' })).toEqual({
      url: `https://forge.example/api/repos/group/sub/name/statuses/${COMMIT}`,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'pikaci',
        accept: 'application/vnd.github+json',
        authorization: 'Bearer the-token',
      },
      body: {
        state: 'success',
        description: 'passed',
        target_url: 'https://ci.example/runs/run-1',
        context: 'pikaci/test',
      },
    });
  });

  it('is told to GitLab, whose projects have one encoded path', () => {
    const { url, headers, body } = request('gitlab', {}, { context: 'ours' });
    expect(url).toBe(`https://forge.example/api/projects/group%2Fsub%2Fname/statuses/${COMMIT}`);
    expect(headers).toMatchObject({ 'private-token': token });
    expect(body).toEqual({ state: 'success', description: 'passed', name: 'ours/test' });
  });

  it('is told to Forgejo', () => {
    const { headers, body } = request('forgejo', { status: 'failed', message: 'exit code 3' });
    expect(headers).toMatchObject({ authorization: 'token the-token' });
    expect(body).toEqual({ state: 'failure', description: 'failed: exit code 3', context: 'pikaci/test' });
  });

  it.each<[RunJobStatus, boolean, string, string, string]>([
    ['pending', false, 'pending', 'pending', 'pending'],
    ['running', false, 'pending', 'running', 'pending'],
    ['detached', false, 'pending', 'running', 'pending'],
    ['passed', false, 'success', 'success', 'success'],
    ['failed', false, 'failure', 'failed', 'failure'],
    ['cancelled', false, 'error', 'canceled', 'error'],
    ['interrupted', false, 'error', 'canceled', 'error'],
    ['skipped', false, 'failure', 'failed', 'failure'],
    ['skipped', true, 'success', 'skipped', 'success'],
  ])('of a job that is %s (filtered out: %s) is %s, %s and %s', (job, isFilteredOut, ...words) => {
    const told = (['github', 'gitlab', 'forgejo'] as const).map(
      (to) => request(to, { status: job, isFilteredOut }).body['state'],
    );
    expect(told).toEqual(words);
  });

  it('has a description of one line and at most 140 characters', () => {
    const { body } = request('github', { status: 'failed', message: `two\nlines ${'ü😀'.repeat(200)}` });
    const description = String(body['description']);
    expect([...description]).toHaveLength(140);
    expect(description).toMatch(/^failed: two lines ü😀.*…$/);
  });

  it.each([
    ['github', 201, '', 'taken'],
    ['github', 401, '', 'refused'],
    ['github', 404, '', 'refused'],
    ['github', 307, '', 'refused'],
    ['github', 429, '', 'again'],
    ['github', 503, '', 'again'],
    ['gitlab', 400, '{"message":"Cannot transition status via :run from :running"}', 'taken'],
    ['github', 400, '{"message":"Cannot transition status via :run from :running"}', 'refused'],
    ['gitlab', 400, '{"message":"sha is invalid"}', 'refused'],
  ] as const)('%s answers %i %s: %s', (to, code, text, verdict) => {
    expect(verdictOf(to, { status: code, text })).toBe(verdict);
  });
});

describe('where states are told', () => {
  it.each([
    ['url', 'ftp://forge.example'],
    ['repo', 'name'],
    ['repo', '../x/y z'],
    ['context', 'two\nlines'],
    ['pages', 'ci.example'],
  ])('is refused with %s %s', (key, value) => {
    const given = { to: 'github', url: 'https://f.example', token: { env: 'T' }, repo: 'a/b', [key]: value };
    const parsed = reportSchema.safeParse(given);
    expect(parsed.error?.issues.map(({ path }) => path)).toEqual([[key]]);
  });
});
