import { err, ok, type Result } from 'neverthrow';

/** The directory that the process is in. It can be gone: another one has removed it, and Node throws ENOENT where it is asked for. */
export function currentDirectory(): Result<string, string> {
  try {
    return ok(process.cwd());
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return err(
      `the current directory cannot be read${reason}: it may have been removed; change to another one`,
    );
  }
}
