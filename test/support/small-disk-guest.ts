import { afterAll, afterEach, beforeAll } from 'vitest';
import { GuestMachine } from './guest-machine.js';
import type { GuestShell } from './guest-shell.js';
import { SmallDisk } from './small-disk.js';

export interface SmallDiskGuests {
  /** Makes a guest whose disk has these options of a tmpfs; it goes with its test. */
  guestWith(options: string, on?: SmallDisk): GuestMachine;
  /** What shell text with these arguments writes to stdout where the guests are. */
  sh(text: string, ...args: string[]): string;
}

/** For a `describe`: guests on small disks, in a mount namespace that its tests share. Needs root. */
export function smallDiskGuests(shell: GuestShell): SmallDiskGuests {
  let shared: SmallDisk;
  const guests: GuestMachine[] = [];
  beforeAll(async () => {
    shared = await SmallDisk.open();
  });
  afterEach(async () => {
    for (const guest of guests.splice(0)) await guest.remove();
  });
  afterAll(() => shared[Symbol.asyncDispose]());
  return {
    guestWith: (options, on = shared) => {
      const guest = new GuestMachine(shell, { namespace: on.namespace });
      guests.push(guest);
      on.mount(guest.root, options);
      return guest;
    },
    sh: (...words) => shared.sh(...words),
  };
}
