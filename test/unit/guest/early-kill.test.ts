import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { GuestCall } from '../../support/guest-call.js';
import { GuestMachine } from '../../support/guest-machine.js';
import { guestShells } from '../../support/guest-shell.js';

/** A sequence that is the same each time (a linear congruence), for instants that nobody has chosen. */
function* instants(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    yield state / 2 ** 31;
  }
}

/** Resolves after so many turns of the event loop's check phase, each some microseconds. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const seven = { state: 'finished', result: { exit_code: 7, cause: 'exit' } };

describe.each(guestShells())('a run with $name whose first process is killed', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  /** Kills the run; either only its process is gone, and what it has started is waited for, or the outputs break as well. */
  async function kill(run: GuestCall, outputsToo: boolean): Promise<void> {
    if (outputsToo) return run.drop();
    run.child.kill('SIGKILL');
    await run.ended;
  }

  it('has started nothing, or ends with the status of its command, whenever that was', async () => {
    const random = instants(shell.name.length);
    for (let round = 0; round < 20; round++) {
      guest = new GuestMachine(shell);
      const run = guest.run({ command: 'exit 7' });
      await turns(Math.floor(random.next().value ** 2 * 6000));
      await kill(run, round % 2 === 1);
      const followed = await guest.call(['follow', '0']);
      const { state } = guest.statusOf(followed);
      expect(state, `round ${round}`).toMatch(/^(absent|finished)$/);
      // What was started behind the look at it has the machine, and ends like any other.
      const again = state === 'absent' ? await guest.run({ command: 'exit 7' }).ended : followed;
      const status = guest.statusOf(again.code === 75 ? await guest.call(['follow', '0']) : again);
      expect(status, `round ${round}`).toMatchObject(seven);
      await guest.remove();
    }
  });

  it.each([false, true])(
    'ends with the status of its command once it has the machine (outputs too: %s)',
    async (outputsToo) => {
      guest = new GuestMachine(shell);
      const run = guest.run({ command: 'exit 7' });
      const started = join(guest.state, 'started');
      await expect
        .poll(() => existsSync(started) && readFileSync(started, 'utf8'), { timeout: 20_000 })
        .toMatch(/\n$/);
      await kill(run, outputsToo);
      expect(guest.statusOf(await guest.call(['follow', '0']))).toMatchObject(seven);
    },
  );
});
