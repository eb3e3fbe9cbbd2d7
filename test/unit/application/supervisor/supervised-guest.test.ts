import { ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { SupervisedGuest } from '../../../../src/application/supervisor/supervised-guest.js';
import type { OutputChunk } from '../../../../src/ports/output-chunk.js';
import { must } from '../../../../src/testing/contract/expect-result.js';

/** A guest whose every call says these pieces; `left` tells whether the call was left before it had ended. */
function guestThatSays(pieces: () => Generator<OutputChunk>, code = 0) {
  const call = { left: false };
  const guest = new SupervisedGuest({
    description: 'a guest',
    exec: async () => {
      let ended = () => {};
      const exit = new Promise<void>((resolve) => {
        ended = resolve;
      });
      return ok({
        output: (async function* () {
          yield* pieces();
          ended();
        })(),
        exit: exit.then(() => ok({ code })),
        [Symbol.asyncDispose]: async () => {
          call.left = true;
        },
      });
    },
  });
  return { guest, call };
}

function endless(stream: OutputChunk['stream'], text: string) {
  const data = Buffer.from(text.repeat(10_000));
  return function* () {
    for (;;) yield { stream, data } as const;
  };
}

const call = { signal: new AbortController().signal };

describe('a guest that does not come to an end', () => {
  it('is left when it has listed more than it is listened to', async () => {
    const { guest, call: exec } = guestThatSays(endless('stdout', 'f 1 /artifacts/x\0'));
    const listing = must(await guest.list(['/artifacts'], 500_000, call));
    expect([listing.files.length, listing.truncated, exec.left]).toEqual([500_000, true, true]);
  });

  it('is refused when a short answer is none', async () => {
    const { guest, call: exec } = guestThatSays(endless('stdout', 'yes\n'));
    const status = await guest.status(call);
    expect(status._unsafeUnwrapErr()).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('more than'),
    });
    expect(exec.left).toBe(true);
  });

  it('is refused when it has no end of errors', async () => {
    const { guest, call: exec } = guestThatSays(endless('stderr', 'find: no\n'));
    const listing = await guest.list(['/artifacts'], 10, call);
    expect(listing._unsafeUnwrapErr()).toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/"list" wrote more than \d+ bytes of errors: find: no/),
    });
    expect(exec.left).toBe(true);
  });
});

describe('a call of a guest that fails without a word', () => {
  it('is told with its exit status', async () => {
    const { guest } = guestThatSays(function* () {}, 2);
    const listing = await guest.list(['/artifacts'], 10, call);
    expect(listing._unsafeUnwrapErr().message).toBe(
      'the supervisor in the guest: "list" failed: it ended with status 2',
    );
  });
});

describe('a supervisor of an older version', () => {
  it('is asked again without the directories that it does not know how to list', async () => {
    const asked: (readonly string[])[] = [];
    const guest = new SupervisedGuest({
      description: 'a guest',
      exec: async (words) => {
        asked.push(words);
        const isOld = words[1] === '--directories';
        const chunk: OutputChunk = isOld
          ? { stream: 'stderr', data: Buffer.from('pikaci-incus-run: usage: list takes absolute paths\n') }
          : { stream: 'stdout', data: Buffer.from('f 1 /tmp/a\0') };
        return ok({
          output: (async function* () {
            yield chunk;
          })(),
          exit: Promise.resolve(ok({ code: isOld ? 64 : 0 })),
          [Symbol.asyncDispose]: async () => {},
        });
      },
    });
    const listing = must(await guest.list(['/tmp'], 10, { ...call, directories: true }));
    expect(listing.files).toEqual([{ path: '/tmp/a', kind: 'file', size: 1 }]);
    expect(asked).toEqual([
      ['list', '--directories', '/tmp'],
      ['list', '/tmp'],
    ]);
  });
});
