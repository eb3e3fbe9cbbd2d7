import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { wireEventSchema } from '../../../src/domain/events/event.js';
import { artifactReportSchema, NO_ARTIFACTS } from '../../../src/domain/job/artifact.js';
import { buildGuestRequest, guestRequestSchema } from '../../../src/domain/job/guest-request.js';
import { guestResultSchema, guestStatusSchema } from '../../../src/domain/job/guest-result.js';
import { incusImageIdentitySchema, jobOutcomeSchema } from '../../../src/domain/job/job-outcome.js';
import { phaseTimingSchema } from '../../../src/domain/machine/phase.js';
import { payloadManifestSchema } from '../../../src/domain/mounts/payload-manifest.js';
import { COVERAGE_REPORT, TEST_REPORT } from '../../support/test-report.js';

const at = '2025-01-01T00:00:00.000Z';
const result = { schema_version: 1, status: 'passed', exit_code: 0, finished_at: at, message: '' };
const phase = { phase: 'launch_guest', started_at: at, finished_at: at, duration_ms: 1, ok: true };
const artifacts = {
  ...NO_ARTIFACTS,
  collected: [{ path: 'a', bytes: 1 }],
  refused: [{ path: 'b', rule: 'symbolic_link' }],
};
const image = { project: 'p', alias: 'a', fingerprint: 'f' };
const outcome = {
  schema_version: 1,
  run_id: 'r',
  job_id: 'j',
  status: 'passed',
  cause: 'exit',
  exit_code: 0,
  message: '',
  started_at: at,
  finished_at: at,
  phases: [phase],
  log_bytes: 1,
  kept_log_bytes: 1,
  artifacts,
  incus_image: image,
};
const event = { schema_version: 1, at, run_id: 'r', job_id: 'j' };
const manifest = {
  schema_version: 1,
  kind: 'k',
  entrypoints: [{ name: 'e', relative_path: 'bin/e' }],
  asset_roots: [{ name: 'a', relative_path: 'a' }],
  mounts: [{ name: 'm', relative_path: '.', guest_path: '/m', read_only: true }],
};

const samples: readonly [string, z.ZodType, object][] = [
  ['guest request', guestRequestSchema, buildGuestRequest({ command: 'x', timeoutSecs: 1 })],
  ['guest result', guestResultSchema, result],
  ['guest status', guestStatusSchema, { schema_version: 1, state: 'finished', log_bytes: 1, result }],
  ['payload manifest', payloadManifestSchema, manifest],
  ['phase timing', phaseTimingSchema, phase],
  ['artifact report', artifactReportSchema, artifacts],
  ['image identity', incusImageIdentitySchema, image],
  ['job outcome', jobOutcomeSchema, outcome],
  ...(
    [
      { type: 'job_started', host: 'h', backend: 'incus' },
      { type: 'phase_started', phase: 'launch_guest' },
      { type: 'phase_finished', phase: 'launch_guest', duration_ms: 1, ok: true },
      { type: 'upload_progress', bytes: 1, total_bytes: 2 },
      { type: 'instance_created', instance: 'i' },
      {
        type: 'cache_restored',
        path: '/c',
        key: 'k',
        hit: 'partial',
        restored_key: 'l',
        bytes: 1,
        duration_ms: 2,
      },
      { type: 'service_started', service: 'db', instance: 'pikaci-x' },
      { type: 'service_ready', service: 'db', duration_ms: 2 },
      { type: 'service_ended', service: 'db', exit_code: 1, message: 'm' },
      { type: 'cache_saved', path: '/c', key: 'k', saved: 'saved', bytes: 1, duration_ms: 2 },
      { type: 'tests_reported', report: TEST_REPORT },
      { type: 'coverage_reported', report: COVERAGE_REPORT },
      { type: 'log', text: 't' },
      { type: 'log_cut', kept_bytes: 1, max_bytes: 2 },
      { type: 'connection_lost', log_offset: 1, message: 'm' },
      { type: 'connection_resumed', log_offset: 1 },
      { type: 'step_started', step_id: 's', name: 'S', log_start: 0 },
      {
        type: 'step_finished',
        step_id: 's',
        name: 'S',
        status: 'failed',
        cause: 'exit',
        exit_code: 1,
        duration_ms: 1,
        log_start: 0,
        log_end: 2,
      },
      { type: 'warning', message: 'm' },
      {
        ...{
          type: 'job_retried',
          attempt: 1,
          status: 'failed',
          cause: 'lost',
          exit_code: null,
          message: 'm',
        },
        ...{ retried_for: 'lost', wait_ms: 5000 },
      },
      { type: 'artifacts_collected', artifacts },
      {
        type: 'job_finished',
        status: 'failed',
        cause: 'lost',
        exit_code: null,
        message: 'm',
        duration_ms: 1,
      },
      { type: 'cleaned_up', ok: true, message: '' },
    ] as const
  ).map((fields): [string, z.ZodType, object] => [
    `${fields.type} event`,
    wireEventSchema,
    { ...event, ...fields },
  ]),
];

/** The same value with a key nobody knows in every object of it. */
function withUnknownKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, withUnknownKeys(inner)]);
  return { ...Object.fromEntries(entries), from_the_future: { x: [1] } };
}

describe('what goes over the wire', () => {
  for (const [name, schema, sample] of samples) {
    it(`keeps keys it does not know when it reads a ${name}`, () => {
      expect(schema.parse(sample)).toEqual(sample);
      const future = withUnknownKeys(sample);
      expect(schema.parse(future)).toEqual(future);
    });
  }

  it('has every kind of event among these samples', () => {
    const kinds = wireEventSchema.options.map((option) => [...option.shape.type.values][0]);
    expect(samples.map(([name]) => name)).toEqual(
      expect.arrayContaining(kinds.map((kind) => `${kind} event`)),
    );
  });

  it('is in snake case throughout', () => {
    const keys = JSON.stringify(samples.map(([, , sample]) => sample)).matchAll(/"([^"]+)":/g);
    expect([...keys].map(([, key]) => key).filter((key) => !/^[a-z0-9_]+$/.test(key ?? ''))).toEqual([]);
  });

  it('says passed, with its exit code, or is refused: a result is never filled in', () => {
    for (const missing of ['schema_version', 'status', 'exit_code', 'finished_at']) {
      const { [missing]: _, ...rest } = result as Record<string, unknown>;
      expect(guestResultSchema.safeParse(rest).success).toBe(false);
    }
    expect(guestResultSchema.safeParse({ ...result, status: 'ok' }).success).toBe(false);
  });
});
