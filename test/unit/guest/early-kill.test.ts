import { afterEach, describe, expect, it } from 'vitest';
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

describe.each(guestShells())('a run with $name whose first process is killed', (shell) => {
  let guest: GuestMachine;
  afterEach(() => guest.remove());

  it('has started nothing, or ends with the status of its command, whenever that was', async () => {
    const seen = new Set<string>();
    const random = instants(shell.name.length);
    for (let round = 0; round < 20; round++) {
      guest = new GuestMachine(shell);
      const run = guest.run({ command: 'exit 7' });
      await turns(Math.floor(random.next().value ** 2 * 6000));
      // Either only the process is gone, and what it has started is waited for; or the outputs break as well.
      if (round % 2 === 0) {
        run.child.kill('SIGKILL');
        await run.ended;
      } else await run.drop();
      const followed = await guest.call(['follow', '0']);
      const { state } = guest.statusOf(followed);
      expect(state, `round ${round}`).toMatch(/^(absent|finished)$/);
      // What was started behind the look at it has the machine, and ends like any other.
      const again = state === 'absent' ? await guest.run({ command: 'exit 7' }).ended : followed;
      const status = guest.statusOf(again.code === 75 ? await guest.call(['follow', '0']) : again);
      expect(status, `round ${round}`).toMatchObject({
        state: 'finished',
        result: { exit_code: 7, cause: 'exit' },
      });
      seen.add(state);
      await guest.remove();
    }
    expect(seen).toContain('finished');
  });
});
