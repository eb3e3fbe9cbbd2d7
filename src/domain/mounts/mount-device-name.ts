import { sha256Hex } from '../values/content-hash.js';

/** Incus takes more, but a virtual machine's mount tag is `incus_<device>` and long ones fail before 6.0.6. */
const PREFIX_LENGTH = 8;
const HASH_LENGTH = 11;

/** `toLowerCase` would turn a few other letters (the Kelvin sign) into ASCII ones. */
const asciiLowerCase = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
const trimDashes = (text: string) => text.replace(/^-+|-+$/g, '');

/**
 * A short, deterministic device name of at most 20 characters: the first 8 of the sanitised prefix (lower-case ASCII
 * letters and digits, anything else a dash, dashes trimmed at both ends before and after the cut, `mount` when nothing is
 * left), a dash, and the first 11 hex digits of sha256(`<prefix>:<mount>`).
 */
export function declaredPayloadMountDeviceName(devicePrefix: string, mountName: string): string {
  const sanitised = trimDashes(asciiLowerCase(devicePrefix).replace(/[^a-z0-9]/gu, '-'));
  const prefix = trimDashes(sanitised.slice(0, PREFIX_LENGTH)) || 'mount';
  return `${prefix}-${sha256Hex(`${devicePrefix}:${mountName}`).slice(0, HASH_LENGTH)}`;
}
