/** Incus's notation for sizes (its reference, "Units for storage and network limits"): kB is 1000 bytes, KiB is 1024. */
const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  kB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  TB: 1000 ** 4,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** Bytes of a checked size such as `512MiB`. */
export function sizeInBytes(size: string): number {
  const [, digits = '0', unit = ''] = /^([0-9]+)([A-Za-z]*)$/.exec(size) ?? [];
  return Number(digits) * (UNITS[unit] ?? Number.NaN);
}

/** Mebibytes, rounded up: what a machine's memory and disks are counted in. */
export function sizeInMebibytes(size: string): number {
  return Math.ceil(sizeInBytes(size) / 1024 ** 2);
}
