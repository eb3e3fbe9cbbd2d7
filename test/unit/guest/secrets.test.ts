import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GuestMachine, isRoot } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

/** Of this process alone: all command lines of the machine are searched for it. */
const TOKEN = randomUUID();
const secrets = {
  TOKEN: `${TOKEN}-é😀`,
  KEY: '-----BEGIN-----\nline "two" \\ $(id)\n\n',
  BIG: "it's".repeat(25_000),
  EMPTY: '',
};

/** What every process shows of its arguments and its environment. */
function shownByProcesses(): string {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => ['cmdline', 'environ'].map((file) => join('/proc', pid, file)))
    .map((file) => {
      try {
        return readFileSync(file, 'latin1');
      } catch {
        return ''; // it has ended, or is not ours
      }
    })
    .join('\n');
}

describe.each(guestShells())('secrets handed to a job by $name', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it('are files, byte for byte, for the user of the job alone', async () => {
    guest = new GuestMachine(shell);
    const command = `echo "$PIKACI_SECRETS_DIR"; ls -A "$PIKACI_SECRETS_DIR" | sort | tr '\\n' ' '; sleep 600`;
    const run = guest.run({ command }, secrets);
    const directory = (await run.output('TOKEN')).split('\n')[0] ?? '';
    expect((await run.output('TOKEN')).split('\n')[1]).toBe('BIG EMPTY KEY TOKEN ');
    expect(statSync(directory).mode & 0o7777).toBe(0o500);
    for (const [name, value] of Object.entries(secrets)) {
      expect(readFileSync(join(directory, name), 'utf8') === value).toBe(true);
      expect(statSync(join(directory, name)).mode & 0o7777).toBe(0o400);
    }
    expect(statSync(join(directory, '../json')).mode & 0o7777).toBe(0o700);
  });

  it('appear in no argument, no environment and no artifact', async () => {
    guest = new GuestMachine(shell);
    // The request is put there behind the start of the job.
    const command =
      'until [ -e "$PIKACI_ARTIFACTS/guest-request.json" ]; do sleep 0.01; done; echo ready; sleep 600';
    const run = guest.run({ command }, secrets);
    await run.output('ready');
    expect(shownByProcesses()).not.toContain(TOKEN);
    expect(shownByProcesses()).toContain('PIKACI_SECRETS_DIR=');
    expect(readFileSync(join(guest.artifacts, 'guest-request.json'), 'utf8')).not.toContain(TOKEN);
    const kept = readdirSync(guest.state, { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(kept.map((file) => file.name)).toContain('guest-request.json');
    for (const { parentPath, name } of kept)
      expect(readFileSync(join(parentPath, name), 'latin1')).not.toContain(TOKEN);
  });

  it('are told again to a runner that attaches later', async () => {
    guest = new GuestMachine(shell);
    await guest.run({}, secrets).ended;
    expect(JSON.parse((await guest.call(['secrets'])).stdout.toString())).toEqual(secrets);
  });

  it.each([undefined, {}])(
    'are an empty object when %j were given, and then have no directory',
    async (none) => {
      guest = new GuestMachine(shell);
      expect((await guest.call(['secrets'])).stdout.toString()).toBe('{}\n');
      const ended = await guest.run({ command: 'echo "${PIKACI_SECRETS_DIR-none}"' }, none).ended;
      expect(ended.stdout.toString()).toBe('none\n');
      expect((await guest.call(['secrets'])).stdout.toString()).toBe('{}\n');
    },
  );

  if (isRoot) {
    it('can be read by a job that is not root', async () => {
      guest = new GuestMachine(shell, { accounts: true });
      const command =
        'cat "$PIKACI_SECRETS_DIR/TOKEN"; stat -c %u:%a "$PIKACI_SECRETS_DIR" "$PIKACI_SECRETS_DIR"/KEY; ls "$PIKACI_SECRETS_DIR/../json"';
      const ended = await guest.run({ command, run_as_root: false }, secrets).ended;
      expect(ended.stdout.toString()).toMatch(new RegExp(`^${TOKEN}-é😀1000:500\\n1000:400\\nls: .+\\n$`));
    });
  }
});
