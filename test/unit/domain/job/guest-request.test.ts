import { describe, expect, it } from 'vitest';
import { buildGuestRequest, guestRequestSchema } from '../../../../src/domain/job/guest-request.js';
import { jobSpecSchema } from '../../../../src/domain/job/job-spec.js';
import { vector } from '../../../support/vectors.js';

const golden = vector('guest-request', (value) => guestRequestSchema.parse(value));
const job = { command: 'cargo test -p demo', timeoutSecs: 1800 };

describe('the guest request', () => {
  it('remote linux incus build guest request serializes command and timeout', () => {
    const request: unknown = JSON.parse(JSON.stringify(buildGuestRequest(job)));
    expect(request).toEqual(golden);
    expect(request).toMatchObject({
      command: 'cargo test -p demo',
      timeout_secs: 1800,
      run_as_root: false,
      workspace_dir: '/workspace/snapshot',
      cargo_home_dir: '/cargo-home',
      target_dir: '/cargo-target',
      xdg_state_home_dir: '/artifacts/xdg-state',
      home_dir: '/home/pikaci',
    });
    expect(buildGuestRequest({ ...job, runAsRoot: true })).toEqual({
      ...golden,
      run_as_root: true,
      home_dir: '/root',
    });
  });

  it('of a checked job with nothing but defaults has the plain form', () => {
    expect(buildGuestRequest(jobSpecSchema.parse({ id: 'j', ...job }))).toEqual(golden);
  });

  it('says what differs from the defaults', () => {
    const spec = { ...job, graceSecs: 0, writableWorkspace: true, user: 'builder', env: { A: '1' } };
    expect(buildGuestRequest(spec)).toEqual({
      ...golden,
      home_dir: '/home/builder',
      user: 'builder',
      grace_secs: 0,
      writable_workspace: true,
      environment: { A: '1' },
    });
  });

  it('never carries a secret', () => {
    const spec = jobSpecSchema.parse({ id: 'j', ...job, secrets: { TOKEN: 'hunter2' } });
    expect(JSON.stringify(buildGuestRequest(spec))).not.toMatch(/hunter2|TOKEN/);
  });

  it('carries quotes, newlines, dollars and unicode of the command as they are', () => {
    const command = `printf '%s\\n' "$(id)" \`id\`\n\u{1f600}`;
    expect(
      guestRequestSchema.parse(JSON.parse(JSON.stringify(buildGuestRequest({ ...job, command })))).command,
    ).toBe(command);
  });

  it('is refused with a directory that is not absolute and normalised', () => {
    for (const home_dir of ['home', '/home/../root', '/home/', '']) {
      const result = guestRequestSchema.safeParse({ ...golden, home_dir });
      expect(result.error?.issues.map(({ path }) => path)).toEqual([['home_dir']]);
    }
  });
});
