/**
 * - `honoured`: it has its effect.
 * - `refused`: a connection that it is in force for is not made, and the fault names it, unless the value asks for nothing.
 * - `harmless`: without it the same host is reached with the same key, or it is about something that pikaci never does.
 */
export type Treatment = 'honoured' | 'refused' | 'harmless';

export interface KeywordRule {
  readonly treatment: Treatment;
  /** Of `refused`: the values that ask for nothing. */
  readonly allowed?: RegExp;
  /** The keyword that an old or misspelt name stands for. */
  readonly alias?: string;
}

const NO = /^(?:no|false|none)$/i;

/** By what they are, as people write them; `keywordRule` finds them in lower case. */
const HONOURED = [
  'Host',
  'Match',
  'Include',
  'IgnoreUnknown',
  'Tag',
  'HostName',
  'Port',
  'User',
  'AddressFamily',
  'BindAddress',
  'ProxyJump',
  'ProxyCommand',
  'IdentityFile',
  'IdentitiesOnly',
  'IdentityAgent',
  'UserKnownHostsFile',
  'GlobalKnownHostsFile',
  'HostKeyAlias',
  'HostKeyAlgorithms',
  'Ciphers',
  'MACs',
  'KexAlgorithms',
];

const REFUSED: Readonly<Record<string, RegExp>> = {
  BindInterface: /^none$/i,
  CanonicalizeHostname: NO,
  KnownHostsCommand: NO,
  PreferredAuthentications: /(?:^|,)publickey(?:,|$)/i,
  ProxyUseFdpass: NO,
  PubkeyAuthentication: /^(?:yes|true|unbound|host-bound)$/i,
  RefuseConnection: /^$/,
  RemoteCommand: NO,
  RevokedHostKeys: NO,
  SessionType: /^default$/i,
};

const HARMLESS = [
  'AddKeysToAgent',
  'BatchMode',
  'CanonicalDomains',
  'CanonicalizeFallbackLocal',
  'CanonicalizeMaxDots',
  'CanonicalizePermittedCNAMEs',
  'CASignatureAlgorithms',
  'CertificateFile',
  'ChannelTimeout',
  'CheckHostIP',
  'Cipher',
  'ClearAllForwardings',
  'Compression',
  'CompressionLevel',
  'ConnectionAttempts',
  'ConnectTimeout',
  'ControlMaster',
  'ControlPath',
  'ControlPersist',
  'DynamicForward',
  'EnableEscapeCommandline',
  'EnableSSHKeysign',
  'EscapeChar',
  'ExitOnForwardFailure',
  'FingerprintHash',
  'ForkAfterAuthentication',
  'ForwardAgent',
  'ForwardX11',
  'ForwardX11Timeout',
  'ForwardX11Trusted',
  'GatewayPorts',
  'GSSAPIAuthentication',
  'GSSAPIClientIdentity',
  'GSSAPIDelegateCredentials',
  'GSSAPIKexAlgorithms',
  'GSSAPIKeyExchange',
  'GSSAPIRenewalForcesRekey',
  'GSSAPIServerIdentity',
  'GSSAPITrustDNS',
  'HashKnownHosts',
  'HostbasedAcceptedAlgorithms',
  'HostbasedAuthentication',
  'IPQoS',
  'KbdInteractiveAuthentication',
  'KbdInteractiveDevices',
  'LocalCommand',
  'LocalForward',
  'LogLevel',
  'LogVerbose',
  'NoHostAuthenticationForLocalhost',
  'NumberOfPasswordPrompts',
  'ObscureKeystrokeTiming',
  'PasswordAuthentication',
  'PermitLocalCommand',
  'PermitRemoteOpen',
  'PKCS11Provider',
  'Protocol',
  'PubkeyAcceptedAlgorithms',
  'RekeyLimit',
  'RemoteForward',
  'RequestTTY',
  'RequiredRSASize',
  'SecurityKeyProvider',
  'SendEnv',
  'ServerAliveCountMax',
  'ServerAliveInterval',
  'SetEnv',
  'StdinNull',
  'StreamLocalBindMask',
  'StreamLocalBindUnlink',
  'StrictHostKeyChecking',
  'SyslogFacility',
  'TCPKeepAlive',
  'Tunnel',
  'TunnelDevice',
  'UpdateHostKeys',
  'UseKeychain',
  'VerifyHostKeyDNS',
  'VersionAddendum',
  'VisualHostKey',
  'WarnWeakCrypto',
  'XAuthLocation',
  // OpenSSH reads these and does nothing with them either, but for a warning (readconf.c, oDeprecated and oUnsupported).
  'AFSTokenPassing',
  'FallBackToRsh',
  'GlobalKnownHostsFile2',
  'KerberosAuthentication',
  'KerberosTGTPassing',
  'RhostsAuthentication',
  'RhostsRSAAuthentication',
  'RSAAuthentication',
  'UsePrivilegedPort',
  'UserKnownHostsFile2',
  'UseRoaming',
  'UseRsh',
];

/** Other names of the same (readconf.c). */
const ALIASES: Readonly<Record<string, string>> = {
  ChallengeResponseAuthentication: 'KbdInteractiveAuthentication',
  DSAAuthentication: 'PubkeyAuthentication',
  HostbasedKeyTypes: 'HostbasedAcceptedAlgorithms',
  IdentityFile2: 'IdentityFile',
  KeepAlive: 'TCPKeepAlive',
  PubkeyAcceptedKeyTypes: 'PubkeyAcceptedAlgorithms',
  SKeyAuthentication: 'KbdInteractiveAuthentication',
  SmartcardDevice: 'PKCS11Provider',
  TISAuthentication: 'KbdInteractiveAuthentication',
};

/** Every keyword of ssh_config(5), the distributions' and Apple's own among them, and what is done with it. */
export const SSH_KEYWORDS: ReadonlyMap<string, KeywordRule> = new Map<string, KeywordRule>([
  ...HONOURED.map((name) => [name, { treatment: 'honoured' }] as const),
  ...Object.entries(REFUSED).map(([name, allowed]) => [name, { treatment: 'refused', allowed }] as const),
  ...HARMLESS.map((name) => [name, { treatment: 'harmless' }] as const),
  ...Object.entries(ALIASES).map(([name, alias]) => {
    const treatment = treatmentOf(alias);
    const allowed = REFUSED[alias];
    return [name, { treatment, alias, ...(allowed === undefined ? {} : { allowed }) }] as const;
  }),
]);

function treatmentOf(name: string): Treatment {
  if (name in REFUSED) return 'refused';
  return HONOURED.includes(name) ? 'honoured' : 'harmless';
}

const BY_KEYWORD: ReadonlyMap<string, KeywordRule> = new Map(
  [...SSH_KEYWORDS].map(([name, rule]) => [name.toLowerCase(), rule]),
);

/** `undefined` for a word that is no keyword. */
export function keywordRule(keyword: string): KeywordRule | undefined {
  return BY_KEYWORD.get(keyword);
}
