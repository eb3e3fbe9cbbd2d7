/** Why a job of a run that is not trusted may not have these profiles; null where it asks for none. Told of a plan before it begins, and of each machine that is made without one. */
export function whyNoProfiles(extraProfiles: readonly string[]): string | null {
  if (extraProfiles.length === 0) return null;
  return 'extraProfiles: a run that is not trusted has no profiles but the configured one';
}
