import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

describe.each(guestShells())('the steps of a request read by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  const refused: readonly (readonly [string, readonly unknown[]])[] = [
    ['none', []],
    ['101', Array.from({ length: 101 }, (_, index) => ({ id: `s${index}`, command: 'true' }))],
    ['a string', ['true']],
    ['one without an id', [{ command: 'true' }]],
    ['one without a command', [{ id: 'a' }]],
    ['an empty command', [{ id: 'a', command: '' }]],
    [
      'two of one id',
      [
        { id: 'a', command: 'true' },
        { id: 'a', command: 'true' },
      ],
    ],
    ...['', '-a', '.', '../x', 'A', 'a b', 'a/b', 'a\n', 'x'.repeat(64)].map(
      (id) => [`the id ${JSON.stringify(id)}`, [{ id, command: 'true' }]] as const,
    ),
    ...[
      { name: 'a\nb' },
      { shell: [] },
      { shell: 'sh' },
      { shell: [1] },
      { shell: [''] },
      { shell: ['A=b'] },
      { shell: Array.from({ length: 17 }, () => 'x') },
      { working_directory: 'a' },
      { working_directory: '/a/../b' },
      { environment: { 'A=B': 'x' } },
      { environment: { A: 1 } },
      { environment: [] },
      { user: 'a b' },
      { user: 'root', run_as_root: false },
      { run_as_root: 1 },
      { timeout_secs: 0 },
      { timeout_secs: '1' },
      { continue_on_error: 'yes' },
      { if: 'never' },
    ].map((field) => [JSON.stringify(field), [{ id: 'a', command: 'touch "$HOME/ran"', ...field }]] as const),
  ];
  it.each(refused)('are refused when there is %s', async (_, steps) => {
    guest = new GuestMachine(shell);
    const ended = await guest.run({ command: 'true', steps }).ended;
    expect(ended.code).toBe(64);
    expect(ended.stderr).toMatch(/^pikaci-incus-run: invalid_request: steps: .{1,300}\n$/);
    expect(guest.resultFile()).toMatchObject({ cause: 'invalid_request', exit_code: null });
    expect(existsSync(join(guest.root, 'home/ran'))).toBe(false);
  });

  it('may be a hundred, and are read as JSON has them', async () => {
    guest = new GuestMachine(shell);
    const steps = Array.from({ length: 100 }, (_, index) => ({
      id: `s${index}`,
      command: `echo ${index}`,
      if: index < 3 ? 'success' : 'failure',
    }));
    const fields = JSON.stringify(guest.request({ command: undefined })).slice(1, -1);
    const text = `{"steps":[{"id":"old"}],${fields},"steps":${JSON.stringify(steps)}}`;
    const { status } = guest.stepsOf(await guest.runText(`${text}\n`).ended);
    expect(status.steps?.length).toBe(100);
    expect(status.log_bytes).toBe(6);
  });
});
