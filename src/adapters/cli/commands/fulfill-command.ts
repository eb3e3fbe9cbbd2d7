import { resolve } from 'node:path';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { printJson } from './state-root.js';

/** `pikaci fulfill-prepared-output-request`: for the host itself. Prints the result; exit status 3 when it failed. */
export async function fulfillCommand(
  context: CliContext,
  file: string,
  options: { readonly resultPath?: string },
): Promise<number> {
  const { cwd, fulfill } = context.input;
  const { resultPath } = options;
  const { signal } = context.interrupts;
  const done = await fulfill(resolve(cwd, file), {
    signal,
    ...(resultPath === undefined ? {} : { resultPath: resolve(cwd, resultPath) }),
  });
  printJson(context, done);
  if (done.status === 'succeeded') return EXIT.passed;
  complain(context, done.error ?? 'the request could not be carried out');
  return signal.aborted ? EXIT.cancelled : EXIT.systemFailure;
}
