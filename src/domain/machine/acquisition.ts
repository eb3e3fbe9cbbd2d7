/**
 * Which of the machines that have had the same ids it is: a UUID that is made anew for each machine and stays with it, whoever renews its
 * lease. It stands in the record, in the file `owner` of the machine's directory on the host, and in an instance's `user.pikaci.acquisition`.
 * Null is that of machines made before 0.2, which have none.
 */
export type Acquisition = string | null;

/** The one comparison before anything is removed, overwritten or claimed: what is recorded, and what is there. */
export function isSameAcquisition(recorded: Acquisition, found: Acquisition): boolean {
  return recorded === found;
}

/** As a file or a host's script says it; empty for none. */
export function acquisitionWord(acquisition: Acquisition): string {
  return acquisition ?? '';
}

export function readAcquisitionWord(word: string): Acquisition {
  return word.trim() === '' ? null : word.trim();
}
