import { describe, expect, it } from 'vitest';
import { MaskingEventSink } from '../../../../src/application/events/masking-event-sink.js';
import { SecretMasker } from '../../../../src/application/secrets/secret-masker.js';
import { type PikaciEvent, wireEventSchema } from '../../../../src/domain/events/event.js';

function through(secret: string, event: PikaciEvent): PikaciEvent | undefined {
  const seen: PikaciEvent[] = [];
  new MaskingEventSink({ emit: (one) => void seen.push(one) }, new SecretMasker([secret])).emit(event);
  return seen[0];
}

const stamp = { schema_version: 1, at: '2026-01-01T00:00:00.000Z', run_id: 'run', job_id: 'job' } as const;

describe('an event with a secret in it', () => {
  it('has it masked at any depth', () => {
    const refused = [{ path: '/artifacts/s3cret.txt', rule: 'symbolic_link' as const }];
    const artifacts = { collected: [], refused, refused_count: 1, incomplete: 'no s3cret' };
    const seen = through('s3cret', { ...stamp, type: 'artifacts_collected', artifacts });
    expect(seen).toEqual({
      ...stamp,
      type: 'artifacts_collected',
      artifacts: {
        ...artifacts,
        refused: [{ path: '/artifacts/***.txt', rule: 'symbolic_link' }],
        incomplete: 'no ***',
      },
    });
  });

  for (const word of ['finish', 'passed', 'exit', '2026', 'job_', 'lost']) {
    it(`stays an event when the secret is "${word}"`, () => {
      const event: PikaciEvent = {
        ...stamp,
        type: 'job_finished',
        status: 'passed',
        cause: 'exit',
        exit_code: 0,
        message: `so ${word}`,
        duration_ms: 1,
      };
      const seen = through(word, event);
      expect(wireEventSchema.parse(seen)).toEqual({ ...event, message: 'so ***' });
    });
  }

  it('is left as it is when it is log, which was masked as a stream', () => {
    const data = Buffer.from('s3cret');
    const event = { type: 'log_bytes', run_id: 'run', job_id: 'job', data } as const;
    expect(through('s3cret', event)).toBe(event);
  });
});
