import { addressWithoutCredentials } from '../../domain/machine/address-without-credentials.js';
import { BoundedBytes } from '../commands/bounded-bytes.js';
import type { OpenMachine } from '../open-machine/open-machine.js';
import { passed, skipped, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';
import { REACH_SCRIPT } from './reach-script.js';

const STEP_SECS = 60;
const MOST_SAID = 64 * 1024;
/** As curl has them, and the script gives them. */
const [NO_TLS, NOT_TRUSTED, NO_BUNDLE] = [35, 60, 77];
const PROXY_WANTS_CREDENTIALS = '407';

interface Tried {
  readonly name: string;
  readonly url: string;
  /** Of the look-up, 0 when it is known; null when nobody looked. */
  readonly names: number | null;
  readonly tool: string;
  readonly code: number;
  readonly said: string;
}

/** What a machine reaches: a network, names, TLS, and each registry that it is set to use. All of it may be missing on purpose, so it is no more than a warning. */
export async function checkReach(
  machine: OpenMachine,
  { ca }: { readonly ca: boolean },
  signal: AbortSignal,
): Promise<readonly DoctorCheck[]> {
  const stdout = new BoundedBytes(MOST_SAID, 'first');
  const onOutput = (data: Uint8Array) => stdout.add(data);
  const ran = await machine.run({
    command: REACH_SCRIPT,
    shell: 'sh',
    timeoutSecs: STEP_SECS,
    onOutput,
    signal,
  });
  if (ran.isErr() || ran.value.status !== 'passed') {
    if (signal.aborted) return [skipped('network', 'interrupted')];
    const { message } = ran.isErr() ? ran.error : ran.value;
    return [
      warned(
        'network',
        `what the machine reaches could not be found out: ${message}`,
        'pikaci doctor --machine',
      ),
    ];
  }
  const lines = Buffer.from(stdout.bytes()).toString('utf8').split('\n');
  const fields = lines.map((line) => line.split('\t'));
  const network = fields.find(([kind]) => kind === 'network');
  if (network === undefined) return [skipped('network', 'the machine did not say what it reaches')];
  const [, kind, resolvers] = network;
  if (kind !== 'yes') return [noNetwork()];
  const tried = fields.flatMap((given) => triedOf(given) ?? []);
  return [networkCheck(Number(resolvers)), namesCheck(tried), tlsCheck(tried, ca), ...registryChecks(tried)];
}

function triedOf([
  kind,
  name = '',
  url = '',
  names = '',
  tool = '',
  code = '',
  said = '',
]: readonly string[]) {
  const shown = addressWithoutCredentials(url);
  if (kind !== 'address' || shown === null) return null;
  const known = /^\d+$/.test(names) ? Number(names) : null;
  return { name, url: shown, names: known, tool, code: Number(code), said } satisfies Tried;
}

function noNetwork(): DoctorCheck {
  const remedy = 'add a network device to the profile, if jobs need one (docs/operations.md)';
  return warned('network', 'the machine has no network, or got no address within 5 s', remedy);
}

function networkCheck(resolvers: number): DoctorCheck {
  if (resolvers > 0) return passed('network', 'the machine has an address and a resolver');
  const remedy = 'look at what the network of the profile hands out (incus network show)';
  return warned('network', 'the machine has an address, and no resolver in /etc/resolv.conf', remedy);
}

const NOTHING_SET = 'no registry is set that it could be tried with ("inherit": {"registries": true})';

function namesCheck(tried: readonly Tried[]): DoctorCheck {
  const asked = tried.filter(({ names }) => names !== null);
  if (asked.length === 0)
    return skipped('names', tried.length === 0 ? NOTHING_SET : 'no name had to be looked up');
  const missing = asked.filter(({ names, code }) => names !== 0 && code !== 0);
  if (missing.length > 0)
    return warned(
      'names',
      `the machine's resolver does not know ${hosts(missing)}`,
      'look at the resolver of the host, and at the ACL of the network (docs/trust.md)',
    );
  const known = asked.filter(({ names }) => names === 0);
  return known.length === 0
    ? passed('names', `${hosts(asked)} are left to a proxy, which is reached`)
    : passed('names', `the machine's resolver knows ${hosts(known)}`);
}

function tlsCheck(tried: readonly Tried[], ca: boolean): DoctorCheck {
  const secure = tried.filter(({ url, tool }) => url.startsWith('https:') && tool !== 'none');
  if (secure.length === 0)
    return skipped('tls', tried.length === 0 ? NOTHING_SET : 'no address has been tried with TLS');
  const bad = secure.filter(({ code }) => [NO_TLS, NOT_TRUSTED, NO_BUNDLE].includes(code));
  const trusted = secure.filter(({ code }) => code === 0);
  if (bad.length > 0) {
    const remedy = ca
      ? 'add the authority to the host, such as /usr/local/share/ca-certificates, or to the image'
      : '"inherit": {"ca": true} gives machines the certificates that the host trusts (docs/operations.md)';
    return warned('tls', `the machine does not trust ${hosts(bad)}: ${bad[0]?.said ?? ''}`, remedy);
  }
  return trusted.length === 0
    ? skipped('tls', 'no address with TLS was reached')
    : passed('tls', `the machine trusts ${hosts(trusted)}`);
}

function registryChecks(tried: readonly Tried[]): readonly DoctorCheck[] {
  if (tried.length === 0) return [skipped('registry', NOTHING_SET)];
  return tried.map(({ name, url, tool, code, said }) => {
    const what = `${name}: ${url}`;
    if (tool === 'none')
      return skipped('registry', `${what}: the image has no curl, wget, python3 or node to try it with`);
    if (code === 0 && said === PROXY_WANTS_CREDENTIALS)
      return warned('registry', `${what}: the proxy wants credentials`, 'give them to jobs as secrets');
    if (code === 0) return passed('registry', `${what} answers${/^\d{3}$/.test(said) ? ` (${said})` : ''}`);
    const remedy = `curl -sSI ${url}`;
    return warned(
      'registry',
      `${what} is not reached: ${said || `${tool} ended with status ${code}`}`,
      remedy,
    );
  });
}

function hosts(tried: readonly Tried[]): string {
  return [...new Set(tried.map(({ url }) => new URL(url).host))].join(', ');
}
