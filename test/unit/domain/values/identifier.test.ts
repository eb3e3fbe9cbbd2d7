import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobIdSchema, runIdSchema } from '../../../../src/domain/values/identifier.js';

const ALLOWED = /^[A-Za-z0-9._-]*$/;

describe('run and job ids', () => {
  for (const schema of [runIdSchema, jobIdSchema]) {
    it('are one safe path component, whatever is offered', () => {
      fc.assert(
        fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[A-Za-z0-9._-]{0,70}$/)), (id) => {
          const good =
            ALLOWED.test(id) && id.length >= 1 && id.length <= 64 && /[A-Za-z0-9]/.test(id.charAt(0));
          expect(schema.safeParse(id).success).toBe(good);
        }),
        { numRuns: 1000 },
      );
    });

    for (const id of [
      '',
      '.',
      '..',
      '.hidden',
      '-rf',
      'a/b',
      'a\\b',
      'a b',
      'a\n',
      'a\0',
      '\u00e4',
      'a'.repeat(65),
    ]) {
      it(`are not ${JSON.stringify(id).slice(0, 20)}`, () => {
        expect(schema.safeParse(id).success).toBe(false);
      });
    }
  }

  it('say what they may look like', () => {
    expect(runIdSchema.safeParse('a/b').error?.issues[0]?.message).toContain('a run id is 1 to 64');
    expect(jobIdSchema.safeParse('a/b').error?.issues[0]?.message).toContain('a job id is 1 to 64');
  });
});
