import { expect, it } from 'vitest';
import { troubleOf } from '../../../../src/adapters/otel/trouble-of.js';

it('what the SDK says is told, and not which part of it says so; nothing of it commands a terminal', () => {
  const partial = '{"rejectedSpans":3,"errorMessage":"no"}';
  const told = troubleOf('OTLPExportDelegate', 'Received Partial Success response:', partial);
  expect(told).toBe(`Received Partial Success response: ${partial}`);
  expect(troubleOf('Delegate', 'cannot be read', new Error('\u001b[2Jbad wire type'))).toBe(
    'cannot be read  [2Jbad wire type',
  );
  expect(troubleOf('alone')).toBe('alone');
});
