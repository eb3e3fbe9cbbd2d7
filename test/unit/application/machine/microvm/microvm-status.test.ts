import { describe, expect, it } from 'vitest';
import {
  guestStatusOf,
  parseMicrovmStatus,
} from '../../../../../src/application/machine/microvm/microvm-status.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const ended = {
  schema_version: 1,
  state: 'ended',
  log_bytes: 3,
  booted: true,
  reason: 'exit 0',
  result_base64: '',
  steps_base64: '',
  console_base64: '',
} as const;
const result = {
  schema_version: 1,
  status: 'passed',
  exit_code: 0,
  finished_at: '2026-01-01T00:00:00Z',
  message: 'the command passed',
  cause: 'exit',
};

describe('the status of a microVM', () => {
  it('is finished only when the machine has ended and has left an exit record', () => {
    const result_base64 = base64(JSON.stringify(result));
    expect(guestStatusOf({ ...ended, result_base64 })).toMatchObject({ state: 'finished', result });
    expect(guestStatusOf({ ...ended, state: 'running', result_base64 })).toMatchObject({
      state: 'running',
      result: null,
    });
  });

  it('says when a machine did not power off by itself behind the end of its job', () => {
    const whole = { ...ended, result_base64: base64(JSON.stringify(result)) };
    for (const reason of ['exit 0', 'kept'])
      expect(guestStatusOf({ ...whole, reason }).message).toBeUndefined();
    const full = guestStatusOf({ ...whole, reason: 'artifacts_full' });
    expect([full.state, full.message]).toEqual([
      'finished',
      expect.stringContaining('microvm.artifactsBytes'),
    ]);
    for (const reason of ['killed', 'exit 1', 'overdue', 'share_failed'])
      expect(guestStatusOf({ ...whole, reason }).message).toContain(reason.replace('_', ' '));
  });

  it.each([
    ['nothing', ''],
    ['half of one', base64('{"schema_version":1,"status":"pas')],
    ['something else', base64('[1]')],
    ['no base64', '!'],
  ])('is lost when the guest left %s for a record', (_what, result_base64) => {
    expect(guestStatusOf({ ...ended, result_base64 })).toMatchObject({ state: 'lost', result: null });
  });

  it('says why it was lost, with what can be printed of its console', () => {
    const console_base64 = base64('\u001b[31mKernel panic\u001b[0m - not syncing\u0007\n');
    const panicked = guestStatusOf({ ...ended, booted: false, reason: 'exit 1', console_base64 });
    expect(panicked.message).toBe(
      'the machine ended before its supervisor ran (its runner ended with status 1); the end of its console:\nKernel panic - not syncing',
    );
    expect(guestStatusOf({ ...ended, reason: 'artifacts_full' }).message).toContain('microvm.artifactsBytes');
    expect(guestStatusOf({ ...ended, reason: 'killed' }).message).toContain('killed from outside');
  });

  it('is none when it is something else', () => {
    for (const json of [null, 1, {}, { ...ended, state: 'fine' }])
      expect(parseMicrovmStatus(json)).toBeNull();
  });
});
