import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MemoryHttpClient } from '../../src/adapters/memory/memory-http-client.js';
import { FetchHttpClient } from '../../src/adapters/node/fetch-http-client.js';
import type { HttpAnswer, HttpPost } from '../../src/ports/http-client.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { httpClientContract } from '../../src/testing/contract/http-client.js';

type Answer = (HttpAnswer & { readonly location?: string }) | null;

async function server() {
  const posts: HttpPost[] = [];
  let answer: Answer = { status: 200, text: '' };
  const listening = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const headers = request.headers as Record<string, string>;
    posts.push({ url: `${url}${request.url}`, headers, body: Buffer.concat(parts).toString('utf8') });
    if (answer === null) return;
    const { status, text, location } = answer;
    response.writeHead(status, location === undefined ? {} : { location }).end(text);
  }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  return {
    url,
    posts: () => posts,
    answerWith: (next: Answer) => {
      answer = next;
    },
    [Symbol.asyncDispose]: async () => {
      listening.closeAllConnections();
      listening.close();
    },
  };
}

httpClientContract({ describe, it }, "Node's client", async () => {
  const gone = await server();
  await gone[Symbol.asyncDispose]();
  return { client: new FetchHttpClient(), deadUrl: gone.url, ...(await server()) };
});

httpClientContract({ describe, it }, 'the client in memory', async () => {
  const client = new MemoryHttpClient();
  const deadUrl = 'http://127.0.0.1:9';
  let answer: Answer = { status: 200, text: '' };
  client.answer = ({ url }) => {
    if (url === deadUrl) return null;
    return answer === null ? new Promise(() => {}) : { status: answer.status, text: answer.text };
  };
  return {
    client,
    url: 'http://forge.example',
    deadUrl,
    posts: () => client.posts,
    answerWith: (next) => {
      answer = next;
    },
    [Symbol.asyncDispose]: async () => {},
  };
});

describe("Node's client", () => {
  it('keeps the beginning of an answer that is long', async () => {
    await using there = await server();
    there.answerWith({ status: 500, text: 'x'.repeat(10_000_000) });
    const request = { url: there.url, headers: {}, body: '' };
    const { status, text } = must(await new FetchHttpClient().post(request, new AbortController().signal));
    expect([status, text]).toEqual([500, 'x'.repeat(4096)]);
  });
});
