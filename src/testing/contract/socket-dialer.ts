import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { SocketDialer } from '../../ports/socket-dialer.js';
import type { SuiteRunner } from './contract-runner.js';
import { must, mustFail } from './expect-result.js';
import { type Fixture, withFixture } from './with-fixture.js';

export interface SocketDialerFixture extends Fixture {
  /** Leads to a server that sends back what it gets, and ends when it is told to. */
  readonly echo: SocketDialer;
  /** Leads to nothing. */
  readonly nowhere: SocketDialer;
}

/** How a dialer behaves where the contract leaves it open. */
export interface SocketDialerCapabilities {
  /** Whether a missing endpoint shows when it is dialled, and not as an error of the stream. */
  readonly failsWhenDialled: boolean;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** What every `SocketDialer` has to do. `make` is called for each test. */
export function socketDialerContract(
  runner: SuiteRunner,
  name: string,
  make: () => Promise<SocketDialerFixture>,
  capabilities: SocketDialerCapabilities,
): void {
  runner.describe(`${name} keeps the contract of SocketDialer`, () => {
    const it = withFixture(runner, make);

    it('bytes go there and come back', async ({ echo }) => {
      const stream = must(await echo.dial());
      stream.write('hello');
      const [answer] = await once(stream, 'data');
      assert.equal(String(answer), 'hello');
      stream.destroy();
    });

    it('20 MB come back whole, and the end of one side ends the other', async ({ echo }) => {
      const stream = must(await echo.dial());
      const data = Buffer.alloc(20_000_000, 'x');
      const back = collect(stream);
      stream.end(data);
      assert.ok((await back).equals(data));
    });

    it('twenty streams at once do not mix', async ({ echo }) => {
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const stream = must(await echo.dial());
          stream.write(`stream ${index}`);
          const [answer] = await once(stream, 'data');
          assert.equal(String(answer), `stream ${index}`);
          stream.destroy();
        }),
      );
    });

    it('an endpoint that is not there is a fault', async ({ nowhere }) => {
      const dialled = await nowhere.dial();
      if (capabilities.failsWhenDialled) {
        mustFail(dialled, 'unreachable', 'spawn_failed');
      } else {
        const stream = must(dialled);
        await assert.rejects(collect(stream));
      }
    });

    it('a signal that has fired already opens nothing', async ({ echo }) => {
      mustFail(await echo.dial({ signal: AbortSignal.abort() }), 'aborted');
    });
  });
}
