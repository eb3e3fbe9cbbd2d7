/**
 * Why a machine that is not found may be there all the same: another daemon answers than the one that made it, as two may behind one host
 * name. Null when it is the same one, or when nobody knows. A machine that is found is the one that is meant, whatever its daemon says of
 * itself: a certificate may be replaced.
 */
export function anotherDaemon(
  { incus_daemon: recorded }: { readonly incus_daemon?: string | undefined },
  answering: string | null,
): string | null {
  if (recorded === undefined || answering === null || recorded === answering) return null;
  return `was made by the Incus daemon with the certificate ${recorded}, and the one that answers here has the certificate ${answering}, and no such machine: use the configuration that it was made with`;
}
