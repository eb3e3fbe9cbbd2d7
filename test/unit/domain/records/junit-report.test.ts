import { describe, expect, it } from 'vitest';
import { junitReport } from '../../../../src/domain/records/junit-report.js';
import { skippedStep, stepRecord } from '../../../support/job-steps.js';
import { EARLIER, runJobRecord, runRecord } from '../../../support/recorded-run.js';

const casesIn = (text: string) => text.split('\n').filter((line) => line.includes('<testcase'));
const timing = {
  started_at: '2026-11-23T16:45:01.250Z',
  finished_at: '2026-11-23T16:45:02.250Z',
  cached: false,
};

describe('a JUnit report', () => {
  it('has a test case for each job, and for each step of a job that has steps', () => {
    const steps = [
      stepRecord('build', { name: 'Build' }),
      stepRecord('lint', { status: 'failed', exit_code: 2 }),
      stepRecord('test', { status: 'failed', cause: 'timeout', exit_code: 124 }),
      skippedStep('deploy', 'the step test failed'),
    ];
    const skipped = { status: 'skipped', started_at: null, finished_at: null, exit_code: null } as const;
    const jobs = [
      runJobRecord('plain'),
      runJobRecord('steps', { status: 'failed', exit_code: 2, steps }),
      runJobRecord('after', { ...skipped, message: 'steps failed' }),
    ];
    expect(junitReport(runRecord({ status: 'failed', jobs }))).toBe(
      [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<testsuites name="20261123-164501-abc123" tests="6" failures="2" errors="0" skipped="2" time="8.750">',
        '  <testsuite name="t" tests="6" failures="2" errors="0" skipped="2" time="8.750" timestamp="2026-11-23T16:45:01.250Z" hostname="ci@box:22">',
        '    <testcase classname="t" name="plain" time="7.000"/>',
        '    <testcase classname="t.steps" name="Build" time="2.000"/>',
        '    <testcase classname="t.steps" name="lint" time="2.000"><failure message="failed (exit code 2)" type="failed"/></testcase>',
        '    <testcase classname="t.steps" name="test" time="2.000"><failure message="timeout (exit code 124)" type="failed"/></testcase>',
        '    <testcase classname="t.steps" name="deploy" time="0.000"><skipped message="the step test failed"/></testcase>',
        '    <testcase classname="t" name="after" time="0.000"><skipped message="steps failed"/></testcase>',
        '  </testsuite>',
        '</testsuites>',
        '',
      ].join('\n'),
    );
  });

  it('does not count a step whose failure the job tolerated', () => {
    const steps = [stepRecord('lint', { status: 'failed', exit_code: 2 }), stepRecord('test')];
    expect(casesIn(junitReport(runRecord({ jobs: [runJobRecord('a', { steps })] })))).toEqual([
      '    <testcase classname="t.a" name="lint" time="2.000"><system-out>failed (exit code 2), and the job went on</system-out></testcase>',
      '    <testcase classname="t.a" name="test" time="2.000"/>',
    ]);
  });

  it('has a job that failed although no step did, a preparation, and a run that failed beside its jobs', () => {
    const lost = { status: 'failed', exit_code: null, message: 'the machine was lost' } as const;
    const jobs = [runJobRecord('a', { ...lost, steps: [stepRecord('test')] })];
    const bad = { node_id: 'sdk', duration_ms: 1000, ok: false, message: 'no manifest', ...timing };
    const text = junitReport(runRecord({ status: 'failed', jobs, prepare_timings: [bad] }));
    expect(casesIn(text)).toEqual([
      '    <testcase classname="t" name="prepare sdk" time="1.000"><error message="no manifest" type="prepare"/></testcase>',
      '    <testcase classname="t.a" name="test" time="2.000"/>',
      '    <testcase classname="t" name="a" time="7.000"><failure message="the machine was lost" type="failed"/></testcase>',
    ]);
    const alone = junitReport(runRecord({ status: 'failed', message: 'no host', jobs: [] }));
    expect(casesIn(alone)).toEqual([
      '    <testcase classname="t" name="run 20261123-164501-abc123" time="0.000"><error message="no host" type="failed"/></testcase>',
    ]);
  });

  it('is well formed whatever names and messages hold', () => {
    const evil = `"'><failure/>&amp;]]><!--\u0000\u001b[2J\u0085\ud800\ufffe\u202e\n\t\r🦊`;
    const steps = [stepRecord('a', { name: evil, status: 'failed' }), skippedStep('b', evil)];
    const jobs = [
      runJobRecord('a', { status: 'failed', steps }),
      runJobRecord('b', { id: evil, status: 'cancelled', message: evil, started_at: evil }),
    ];
    const run = runRecord({
      run_id: evil,
      target_id: evil,
      host: evil,
      created_at: evil,
      status: 'failed',
      jobs,
    });
    const text = junitReport(run);
    const plain = '&quot;&apos;&gt;&lt;failure/&gt;&amp;amp;]]&gt;&lt;!--[2J&#10;&#9;&#13;🦊';
    expect(text).toContain(`<skipped message="${plain}"/>`);
    expect(text).toContain(`name="${plain}"`);
    // Nothing but tags with quoted attributes, one in another.
    const rest = text
      .replace(/<(\/?)([a-z-]+)((?: [a-z]+="[^"<>]*")*)(\/?)>/g, '')
      .replace(/^<\?xml .*\?>/, '');
    expect(rest.trim()).toBe('');
    expect(text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe]|[\u202e]/);
    expect(Buffer.from(text).toString()).toBe(text);
  });

  it('has the attempts before the one that counts, as surefire has what was run again', () => {
    const jobs = [
      runJobRecord('a', { attempt: 2, earlier_attempts: [EARLIER] }),
      runJobRecord('b', { status: 'failed', exit_code: 1, attempt: 2, earlier_attempts: [EARLIER] }),
      runJobRecord('c', { attempt: 2, earlier_attempts: [EARLIER], steps: [stepRecord('test')] }),
    ];
    const told = 'message="attempt 1 failed (exit code 7): &lt;no&gt;" type="exit"/>';
    expect(casesIn(junitReport(runRecord({ status: 'failed', jobs })))).toEqual([
      `    <testcase classname="t" name="a" time="7.000"><flakyFailure ${told}</testcase>`,
      `    <testcase classname="t" name="b" time="7.000"><failure message="failed" type="failed"/><rerunFailure ${told}</testcase>`,
      '    <testcase classname="t.c" name="test" time="2.000"/>',
      `    <testcase classname="t" name="c" time="7.000"><flakyFailure ${told}</testcase>`,
    ]);
  });
});
