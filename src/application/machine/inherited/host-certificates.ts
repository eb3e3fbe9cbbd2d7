import {
  CA_ANCHORS,
  CA_BUNDLES,
  CA_VARIABLES,
  type Certificate,
  certificatesIn,
} from '../../../domain/machine/certificates.js';
import type { HostReader, ReadFile } from './host-reader.js';

/** A bundle has some 250 KiB. */
const LARGEST_FILE = 8 * 1024 * 1024;
const MOST_CERTIFICATES = 2000;
const IS_CERTIFICATE = /\.(?:crt|pem|cer)$/i;

/** What the host trusts: its bundle, what its administrator has added, and what its environment names; each certificate once. */
export async function hostCertificates(
  reader: HostReader,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Certificate[]> {
  const [bundle, ...others] = await Promise.all([
    theBundle(reader),
    ...CA_ANCHORS.map((directory) => reader.readAll(directory, IS_CERTIFICATE, LARGEST_FILE)),
    namedBy(reader, environment),
  ]);
  const found = new Map<string, Certificate>();
  // Those that somebody has added come first: should there be too many, they are not left out.
  for (const { path, bytes } of [...others.flat(), ...bundle]) {
    const { certificates, unreadable } = certificatesIn(bytes);
    for (const certificate of certificates)
      if (!found.has(certificate.fingerprint)) found.set(certificate.fingerprint, certificate);
    if (unreadable > 0)
      reader.warnings.push(
        `${path} on ${reader.host}: ${unreadable} of its certificates cannot be read, and are left out`,
      );
  }
  const all = [...found.values()];
  if (all.length > MOST_CERTIFICATES)
    reader.warnings.push(
      `${reader.host} has ${all.length} certificates, of which ${MOST_CERTIFICATES} are given to machines`,
    );
  if (all.length === 0 && reader.fault === null)
    reader.warnings.push(
      `"inherit.ca": ${reader.host} has no certificates in any of the usual places (docs/operations.md names them)`,
    );
  return all.slice(0, MOST_CERTIFICATES);
}

async function theBundle(reader: HostReader): Promise<readonly ReadFile[]> {
  for (const path of CA_BUNDLES) {
    const read = await reader.read(path, LARGEST_FILE);
    if (read !== null && read.bytes.length > 0) return [read];
  }
  return [];
}

async function namedBy(
  reader: HostReader,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly ReadFile[]> {
  const paths = new Map<string, string>();
  for (const name of CA_VARIABLES) {
    const path = environment[name];
    if (path?.startsWith('/') === true && !CA_BUNDLES.some((known) => known === path)) paths.set(path, name);
  }
  const read: ReadFile[] = [];
  for (const [path, name] of paths) {
    const file = await reader.read(path, LARGEST_FILE, `${name} names`);
    if (file !== null) read.push(file);
  }
  return read;
}
