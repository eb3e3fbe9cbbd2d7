import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('testing/'))
  .map((name) => ({ name, text: readFileSync(`src/${name}`, 'utf8') }));

const withText = (what: RegExp) => sources.filter(({ text }) => what.test(text)).map(({ name }) => name);

it('a wait for somebody’s answer is counted in the time in which the process ran', () => {
  expect(withText(/AbortSignal\.timeout\(/)).toEqual([]);
});

it('timers of Node are used for pauses, for what is idle, and for the clients of the server alone', () => {
  expect(withText(/(?<![.#\w])setTimeout\(|timers\/promises/).sort()).toEqual([
    'adapters/http/live/event-streams.ts',
    'adapters/http/live/follow-log.ts',
    'adapters/local/child-stream.ts',
    'adapters/local/kill-tree.ts',
    'adapters/memory/memory-incus/memory-operations.ts',
    'adapters/node/system-clock.ts',
    'adapters/ssh2/open-session.ts',
    'adapters/ssh2/session-pool.ts',
    'streams/awake-timer.ts',
    'streams/socket-like.ts',
  ]);
});

it('ssh2 counts no bound of its own: that of its handshake would be a plain timer', () => {
  expect(withText(/readyTimeout: (?!0,)/)).toEqual([]);
  expect(withText(/\.connect\(\{\n/)).toEqual(withText(/readyTimeout: 0,/));
});

it('a sleep of the clock is a pause: a bound on what somebody else does is `Clock.bound`', () => {
  // What a race is decided by, or what happens when the time is over, is no pause.
  expect(withText(/race\((?:(?!;\n)[\s\S])*?\.sleep\(/)).toEqual([]);
  expect(withText(/\.sleep\((?:(?!;\n)[\s\S])*?\.then\(/)).toEqual([]);
  expect(withText(/\.sleep\(/).sort()).toEqual([
    'adapters/cli/commands/logs-command.ts',
    'adapters/cli/output/live/live-screen.ts',
    'adapters/memory/memory-clock.ts',
    'application/artifacts/loss-pause.ts',
    'application/artifacts/patience.ts',
    'application/cluster/member-death.ts',
    'application/events/journal.ts',
    'application/holds/hold-renewer.ts',
    'application/job/place-line.ts',
    'application/job/placed-jobs.ts',
    'application/job/run-attempts.ts',
    'application/lease/lease-renewer.ts',
    'application/lock/job-lock.ts',
    'application/machine/incus/claim-slot.ts',
    'application/machine/incus/incus-service-networks.ts',
    'application/machine/incus/launch-instance.ts',
    'application/machine/incus/queued-launch.ts',
    'application/machine/incus/remove-instance.ts',
    'application/machine/microvm/launch-microvm.ts',
    'application/machine/room-line.ts',
    'application/open-machine/take-up-lease.ts',
    'application/open-machine/watch-step.ts',
    'application/records/cancel-run.ts',
    'application/records/follow-events.ts',
    'application/recover/find-run-copies.ts',
    'application/recover/run-copy.ts',
    'application/report/run-statuses.ts',
    'application/services/acquire-with-services.ts',
    'application/services/start-service.ts',
    'application/step/beyond-cut.ts',
    'application/step/cancel-step.ts',
    'application/step/follow-step.ts',
    'application/step/overdue.ts',
    'application/target/cancel-watch.ts',
    'application/target/run-group.ts',
    'application/template/ensure-template.ts',
    'application/template/template-hold.ts',
  ]);
});
