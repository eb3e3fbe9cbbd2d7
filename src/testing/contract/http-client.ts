import assert from 'node:assert/strict';
import type { HttpAnswer, HttpClient, HttpPost } from '../../ports/http-client.js';
import type { SuiteRunner } from './contract-runner.js';
import { must } from './expect-result.js';
import { type Fixture, withFixture } from './with-fixture.js';

export interface HttpClientFixture extends Fixture {
  readonly client: HttpClient;
  /** Of a server that answers as it is told to. */
  readonly url: string;
  /** Nobody listens there. */
  readonly deadUrl: string;
  /** Null for no answer at all. */
  answerWith(answer: (HttpAnswer & { readonly location?: string }) | null): void;
  /** What the server was asked. */
  posts(): readonly HttpPost[];
}

const NEVER = new AbortController().signal;

/** What every `HttpClient` has to do. `make` is called for each test. */
export function httpClientContract(
  runner: SuiteRunner,
  name: string,
  make: () => Promise<HttpClientFixture>,
): void {
  runner.describe(`${name} keeps the contract of HttpClient`, () => {
    const it = withFixture(runner, make);
    const request = (url: string) => ({ url, headers: { 'x-one': 'a' }, body: '{"b":"ü"}' });

    it('a request arrives as it is, and its answer comes back', async ({
      client,
      url,
      answerWith,
      posts,
    }) => {
      answerWith({ status: 201, text: '{"id":1}' });
      assert.deepEqual(must(await client.post(request(`${url}/a?b=c`), NEVER)), {
        status: 201,
        text: '{"id":1}',
      });
      const [post] = posts();
      assert.equal(post?.url, `${url}/a?b=c`);
      assert.equal(post?.headers['x-one'], 'a');
      assert.equal(post?.body, '{"b":"ü"}');
    });

    it('an answer that refuses is an answer', async ({ client, url, answerWith }) => {
      for (const status of [400, 401, 404, 429, 500, 503]) {
        answerWith({ status, text: 'no' });
        assert.deepEqual(must(await client.post(request(url), NEVER)), { status, text: 'no' });
      }
    });

    it('nothing is sent to where an answer leads', async ({ client, url, answerWith, posts }) => {
      answerWith({ status: 307, text: '', location: `${url}/other` });
      assert.equal(must(await client.post(request(url), NEVER)).status, 307);
      assert.equal(posts().length, 1);
    });

    it('a server that is not there is a fault without what was to be sent', async ({ client, deadUrl }) => {
      const fault = (await client.post(request(deadUrl), NEVER))._unsafeUnwrapErr();
      assert.equal(fault.kind, 'unreachable');
      assert.ok(fault.message.startsWith(new URL(deadUrl).host));
      assert.ok(!fault.message.includes('"b"'));
    });

    it('a signal ends the wait', async ({ client, url, answerWith }) => {
      answerWith(null);
      const cancel = new AbortController();
      const asking = client.post(request(url), cancel.signal);
      cancel.abort();
      assert.equal((await asking)._unsafeUnwrapErr().kind, 'cancelled');
      assert.equal((await client.post(request(url), cancel.signal))._unsafeUnwrapErr().kind, 'cancelled');
    });
  });
}
