/** Commands that take the options which say where a run, a host or a machine is. */
const COMMAND = /"(pikaci (?:attach|resume|rerun|run|gc|shell|doctor|machine [a-z]+)\b[^"]*)"/g;

/**
 * A message of the library in which the commands that it names have the options of this command line as well, so that they can be
 * pasted; the library does not know of them. `where` is empty, or begins with a blank.
 */
export function pasteable(message: string, where: string): string {
  // Of a value with such a mark it would not be known where the command ends.
  if (where === '' || where.includes('"')) return message;
  return message.replace(COMMAND, (quoted, command: string) =>
    command.endsWith(where) ? quoted : `"${command}${where}"`,
  );
}
