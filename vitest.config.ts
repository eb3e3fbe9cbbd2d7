import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          globalSetup: ['test/support/assembled-scripts.ts'],
          include: [
            'test/unit/**/*.test.ts',
            'test/architecture/**/*.test.ts',
            'test/contract/**/*.fake.test.ts',
          ],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // One process for many files: to start one for each and to load the modules again costs more than the tests themselves.
          isolate: false,
          // Vitest leaves one core to itself, which of two is half.
          maxWorkers: availableParallelism(),
        },
      },
      {
        test: {
          name: 'browser',
          globalSetup: ['test/support/assembled-scripts.ts'],
          include: ['test/browser/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // Alone, so that what a page does in time is not what the machine is busy with.
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/contract/**/*.real.test.ts'],
          globalSetup: ['test/support/assembled-scripts.ts', 'test/support/global-host.ts'],
          // A machine under software emulation takes seconds of a core to boot, and on a busy machine many.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          maxConcurrency: 2,
          // As many files at a time, each on an Incus host of its own: to boot a machine under emulation takes one core.
          maxWorkers: Number(process.env['PIKACI_TEST_HOSTS'] ?? 2),
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          globalSetup: ['test/support/assembled-scripts.ts', 'test/support/global-host.ts'],
          maxWorkers: 1,
          // On a host of its own and alone: what it does to a daemon is not what another test waits for.
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
