import type { CliTerminal } from '../adapters/cli/cli-input.js';

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
