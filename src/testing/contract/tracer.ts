import assert from 'node:assert/strict';
import type { SpanAttributes, Tracer } from '../../ports/tracer.js';
import type { SuiteRunner } from './contract-runner.js';
import { type Fixture, withFixture } from './with-fixture.js';

/** A span as whoever listens got it. */
export interface ToldSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Null for the first of a trace. */
  readonly parentSpanId: string | null;
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: SpanAttributes;
  readonly error: string | null;
}

export interface TracerFixture extends Fixture {
  readonly tracer: Tracer;
  /** What was told so far, in the order of the ends. */
  told(): readonly ToldSpan[];
}

const OUTER = '00-0123456789abcdef0123456789abcdef-fedcba9876543210-01';
const plain = { kind: 'internal', attributes: {}, startMs: 1_700_000_000_000 } as const;

/** What every `Tracer` has to do. `make` is called for each test, with somebody who listens to all spans. */
export function tracerContract(runner: SuiteRunner, name: string, make: () => Promise<TracerFixture>): void {
  runner.describe(`${name} keeps the contract of Tracer`, () => {
    const it = withFixture(runner, make);

    it('tells a span with its name, times, attributes and error, once', async ({ tracer, told }) => {
      const span = tracer.begin({ ...plain, name: 'a', parent: null, attributes: { one: 1, text: 'ü' } });
      assert.deepEqual(told(), []);
      span.end({ endMs: 1_700_000_000_250, attributes: { ok: false }, error: 'why' });
      span.end({ endMs: 1_700_000_009_000, error: 'again' });
      const [only, ...others] = told();
      assert.deepEqual(others, []);
      assert.ok(only !== undefined);
      const { name: said, startMs, endMs, attributes, error, parentSpanId } = only;
      assert.deepEqual([said, error, parentSpanId], ['a', 'why', null]);
      assert.deepEqual([startMs, endMs], [1_700_000_000_000, 1_700_000_000_250]);
      assert.deepEqual(attributes, { one: 1, text: 'ü', ok: false });
    });

    it('a span is a part of the one that its parent names, in its trace', async ({ tracer, told }) => {
      const outer = tracer.begin({ ...plain, name: 'outer', parent: null });
      const inner = tracer.begin({ ...plain, name: 'inner', parent: outer.traceparent });
      inner.end({ endMs: plain.startMs });
      outer.end({ endMs: plain.startMs });
      const [first, second] = told();
      assert.equal(first?.traceId, second?.traceId);
      assert.equal(first?.parentSpanId, second?.spanId);
      assert.equal(outer.traceparent, `00-${second?.traceId}-${second?.spanId}-01`);
      assert.equal(second?.error, null);
    });

    it('a span goes on with the trace of another process', async ({ tracer, told }) => {
      const span = tracer.begin({ ...plain, name: 'a', parent: OUTER });
      span.end({ endMs: plain.startMs });
      const [only] = told();
      assert.deepEqual(
        [only?.traceId, only?.parentSpanId],
        ['0123456789abcdef0123456789abcdef', 'fedcba9876543210'],
      );
      assert.match(span.traceparent ?? '', /^00-0123456789abcdef0123456789abcdef-[0-9a-f]{16}-01$/);
    });

    it('begins a trace of its own where there is no parent, or none that can be read', async ({
      tracer,
      told,
    }) => {
      const parents = [null, undefined, 'nonsense', `00-${'0'.repeat(32)}-fedcba9876543210-01`, `${OUTER}x`];
      for (const parent of parents)
        tracer
          .begin({ ...plain, name: 'a', ...(parent === undefined ? {} : { parent }) })
          .end({ endMs: plain.startMs });
      assert.deepEqual(
        told().map(({ parentSpanId }) => parentSpanId),
        parents.map(() => null),
      );
      assert.equal(new Set(told().map(({ traceId }) => traceId)).size, parents.length);
    });
  });
}
