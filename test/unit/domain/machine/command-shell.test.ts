import { expect, it } from 'vitest';
import { buildGuestRequest } from '../../../../src/domain/job/guest-request.js';
import { withRecordedShell, withRecordedShells } from '../../../../src/domain/job/job-shells.js';
import { jobSpecSchema } from '../../../../src/domain/job/job-spec.js';
import { targetConfigSchema } from '../../../../src/domain/target/target-config.js';

const requested = (job: object) => buildGuestRequest(jobSpecSchema.parse({ id: 'j', ...job })).shell;

it('a command of several lines stops at the first that fails, unless it says otherwise', () => {
  const command = 'false\ntrue';
  expect(requested({ command })).toEqual(['/bin/sh', '-e']);
  expect(requested({ command, shell: 'bash' })).toEqual(['bash', '-eo', 'pipefail']);
  expect(requested({ command, shell: 'sh' })).toEqual(['sh']);
  expect(requested({ command, shell: ['bash'] })).toEqual(['bash']);
  expect(requested({ command: 'false; true' })).toEqual(['/bin/sh', '-e']);
  expect(requested({ command: '. ./ci.sh' })).toEqual(['/bin/sh', '-e']);
  expect(requested({ command: 'cargo test -p demo' })).toBeUndefined();
});

it('the first line of a command may name what runs it, as Linux reads it', () => {
  expect(requested({ command: '#!/usr/bin/env python3\nprint(1)' })).toEqual(['/usr/bin/env', 'python3']);
  expect(requested({ command: '#! /usr/bin/env -S awk -f\nBEGIN {}' })).toEqual([
    '/usr/bin/env',
    '-S awk -f',
  ]);
  expect(requested({ command: '#!/bin/bash\r\necho' })).toEqual(['/bin/bash']);
  expect(requested({ command: '#!/bin/bash\necho', shell: 'sh' })).toEqual(['sh']);
});

it('the shell of a job is that of the steps that name none', () => {
  const steps = [{ command: 'a\nb' }, { command: 'a\nb', shell: 'sh' }];
  const spec = jobSpecSchema.parse({ id: 'j', shell: 'bash', steps });
  expect(spec.steps?.map(({ shell }) => shell)).toEqual([['bash', '-eo', 'pipefail'], ['sh']]);
  expect(jobSpecSchema.parse(spec)).toEqual(spec);
});

it('what was recorded without a shell keeps the one that it had', () => {
  const command = 'false\ntrue';
  expect(requested(withRecordedShell({ command }))).toBeUndefined();
  const jobs = [
    { id: 'a', command },
    { id: 'b', steps: [{ command }] },
  ];
  const prepare = [{ id: 'p', type: 'command', command }];
  const old = targetConfigSchema.parse(withRecordedShells({ jobs, prepare }));
  expect(old.jobs.map(({ shell, steps }) => shell ?? steps?.[0]?.shell)).toEqual([['/bin/sh'], ['/bin/sh']]);
  expect(old.prepare[0]).toMatchObject({ shell: ['/bin/sh'] });
  const fresh = targetConfigSchema.parse({ jobs, prepare });
  expect(fresh.prepare[0]).toMatchObject({ shell: ['/bin/sh', '-e'] });
  expect(targetConfigSchema.parse(withRecordedShells(fresh))).toEqual(fresh);
});
