import type { CliScreen, CliTerminal } from '../adapters/cli/process/cli-input.js';

/** The terminal of this process; both standard streams must be one. */
export function processTerminal(): CliTerminal {
  const { stdin, stdout } = process;
  return {
    size: () => ({ columns: stdout.columns, rows: stdout.rows }),
    read: (onData) => {
      stdin.setRawMode(true);
      stdin.on('data', onData);
      stdin.resume();
      return {
        stop: () => {
          stdin.setRawMode(false);
          stdin.off('data', onData);
          stdin.pause();
        },
      };
    },
    onResize: (handler) => {
      stdout.on('resize', handler);
      return () => stdout.off('resize', handler);
    },
  };
}

/** The terminal behind standard error. */
export function processScreen(): CliScreen {
  const { stderr } = process;
  return {
    size: () => ({ columns: stderr.columns ?? 0, rows: stderr.rows ?? 0 }),
    onResize: (handler) => {
      stderr.on('resize', handler);
      return () => stderr.off('resize', handler);
    },
    onResume: (handler) => {
      process.on('SIGCONT', handler);
      return () => process.off('SIGCONT', handler);
    },
  };
}
