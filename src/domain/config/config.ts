import { z } from 'zod';
import { webhooksSchema } from '../hooks/webhook-config.js';
import { jobLimitsSchema, requestsSchema } from '../machine/machine-options.js';
import { DEFAULT_REMOTE_WORK_DIR } from '../machine/remote-layout.js';
import { patternText } from '../patterns/pattern-text.js';
import { reportSchema } from '../report/report-config.js';
import { targetConfigSchema } from '../target/target-config.js';
import { byteSizeSchema } from '../values/byte-size.js';
import { commandTimeoutSecs } from '../values/command-timeout.js';
import { targetIdSchema } from '../values/identifier.js';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';
import { plainText as argument } from '../values/text.js';
import { trustSchema } from '../values/trust.js';
import { githubConfigSchema } from './github-config.js';
import { gitlabConfigSchema } from './gitlab-config.js';
import { incusClusterSchema, sshTarget } from './incus-cluster-config.js';
import { warmConfigSchema } from './warm-config.js';

const absolute = z
  .string()
  .refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path'));

const sshHostSchema = z.strictObject({
  ssh: sshTarget,
  /** Private key file; an encrypted one takes its passphrase from the variable that `passphraseEnv` names, or use an agent. */
  identityFile: z.string().min(1).optional(),
  passphraseEnv: z.string().min(1).optional(),
  /** The host's key must stand in it; `~/.ssh/known_hosts` when left out. */
  knownHostsFile: z.string().min(1).optional(),
  /** An agent's socket; `$SSH_AUTH_SOCK` when left out, none with `false`. */
  agent: z.union([z.string().min(1), z.literal(false)]).optional(),
  /** With what it includes. `~/.ssh/config` when left out, none with `false`. */
  sshConfigFile: z.union([z.string().min(1), z.literal(false)]).optional(),
  connectTimeoutSecs: z.number().positive().max(600).default(20),
});

/** The host's Incus, seen from the host itself or over the network. */
const incusTransportSchema = z.discriminatedUnion('via', [
  /** The unix socket, directly for `"local"`, else through an SSH channel. */
  z.strictObject({ via: z.literal('socket'), path: absolute.default('/var/lib/incus/unix.socket') }),
  /** A command whose standard input and output are the socket, for users who may only `sudo -n socat`. */
  z.strictObject({ via: z.literal('command'), argv: z.array(z.string().min(1)).min(1) }),
  /** The network API, with a client certificate. */
  z.strictObject({
    via: z.literal('https'),
    url: z.url({ protocol: /^https$/ }),
    clientCertFile: z.string().min(1),
    clientKeyFile: z.string().min(1),
    /** PEM of the certificate that the server must show. */
    serverCertFile: z.string().min(1),
  }),
]);

const incusConfigSchema = z.strictObject({
  project: z.string().min(1).default('default'),
  profile: z.string().min(1).default('default'),
  /** Instead of `profile` when what is run is not trusted; its machines must be cut off from each other and from the host (docs/trust.md). */
  untrustedProfile: z.string().min(1).optional(),
  /** Of every machine whose job does not say its own. */
  limits: jobLimitsSchema.prefault({}),
  /** Alias of the image that machines are made from. */
  image: z.string().min(1).default('pikaci/dev'),
  transport: incusTransportSchema.prefault({ via: 'socket' }),
  /** What a daemon in a cluster cannot be asked (docs/operations.md). */
  cluster: incusClusterSchema.prefault({}),
  /** Path of `pikaci-incus-run` in the image; when left out pikaci brings its own. */
  supervisorPath: absolute.optional(),
  /** Instances that may be created at the same moment. */
  parallelCreates: z.number().int().positive().max(64).default(3),
  /** Networks that are there for jobs with services, one at a time on each; left out, pikaci makes one for each job, which needs rights on networks (docs/services.md). */
  serviceNetworks: z.array(z.string().min(1).max(15)).max(256).default([]),
  /** What of the host its machines may ask for in all, `{cpu, memory}`; what is left out is what it has. Where it is set, jobs and open machines with `limits` of cores or memory wait for them as if they said `requests`. */
  capacity: requestsSchema.optional(),
  /** How long a machine is waited for that its host or a limit of the project leaves no room for; 0 does not wait. */
  quotaWaitSecs: z.number().int().nonnegative().max(86_400).default(1800),
});

const microvmConfigSchema = z.strictObject({
  /** Directory on the host with `bin/microvm-run` and, for shares, `bin/virtiofsd-run`. */
  runner: absolute.optional(),
  /** Where there is no such directory: a flake with `lib.microvmRunner`, from which the host builds a runner for each shape of job. */
  flake: z
    .strictObject({
      url: z.string().min(1),
      binary: z.string().min(1).default('nix'),
      /** Between the binary and `build`. */
      flags: z.array(argument).default(['--extra-experimental-features', 'nix-command flakes']),
      /** At the end of the build's arguments. */
      options: z.array(argument).default([]),
      timeoutSecs: commandTimeoutSecs,
    })
    .optional(),
  /** Said by whoever set the runner up: its machines reach neither the host nor each other over a network. What is not trusted runs on no others. */
  isolatedNetwork: z.boolean().default(false),
  /** From the start of the machine to its supervisor; apart from the job's own timeout. */
  bootTimeoutSecs: z.number().int().positive().max(3600).default(60),
  /** What a guest may write into its artifacts on the host; its machine is ended when it writes more. */
  artifactsBytes: z
    .number()
    .int()
    .positive()
    .default(8 * 1024 ** 3),
});

const workspaceConfigSchema = z.strictObject({
  /** Patterns of what is no part of it (docs/patterns.md), tracked by git or not. */
  exclude: z.array(patternText).default([]),
  /** What of the repository's history is in it, as a `.git`: none of it, the commit that is checked out, or all. */
  git: z.enum(['none', 'shallow', 'full']).default('none'),
});

/** `pikaci.config.json`. Unknown keys are refused by name. */
export const pikaciConfigSchema = z.strictObject({
  $schema: z.string().optional(),
  host: z.union([z.literal('local'), sshHostSchema], { error: 'must be "local" or an object with "ssh"' }),
  backend: z.enum(['incus', 'microvm']).default('incus'),
  incus: incusConfigSchema.prefault({}),
  microvm: microvmConfigSchema.prefault({}),
  /** Machines of Incus that run and wait, of which jobs take one instead of making it (docs/warm-pool.md). */
  warm: warmConfigSchema.optional(),
  /** Whether what is run may come from somebody without any right: docs/trust.md. */
  trust: trustSchema.default('trusted'),
  /** What machines get of the network that the host is in, from the host's own settings (docs/operations.md). A run that is not trusted gets no more of it than `ca`. */
  inherit: z
    .strictObject({
      /** The certificates that the host trusts, for the programs of the image and by the usual variables (`SSL_CERT_FILE` and its like). */
      ca: z.boolean().default(false),
      /** `http_proxy` and its like, under both spellings, without credentials. */
      proxy: z.boolean().default(false),
      /** Addresses of package registries (npm, pip, uv, Go, cargo), without credentials. */
      registries: z.boolean().default(false),
    })
    .prefault({}),
  /** What jobs get of the folder that is run. */
  workspace: workspaceConfigSchema.prefault({}),
  /** Directory on the host. */
  workDir: absolute.default(DEFAULT_REMOTE_WORK_DIR),
  /** Where the state of runs is kept on this machine; relative to the config's folder. */
  stateRoot: z.string().min(1).default('.pikaci'),
  /** How long an instance may live without its owner; renewed every third of it. */
  leaseSecs: z
    .number()
    .int()
    .min(5)
    .max(7 * 24 * 3600)
    .default(900),
  /** How long to go on trying to reach a host again while a job runs there. */
  reconnectSecs: z.number().int().positive().max(86_400).default(300),
  /** Bytes of a job's log that are kept; the rest is read and dropped. */
  maxLogBytes: z
    .number()
    .int()
    .positive()
    .default(4 * 1024 ** 3),
  /** What the host keeps of snapshots and of the outputs of command nodes; `pikaci gc --remote` removes the rest. */
  retention: z
    .strictObject({
      /** Days since its last use. */
      keepDays: z.number().nonnegative().max(36_500).default(30),
      /** Of all together, such as `"50GiB"`; no bound when left out. What was used longest ago goes first. */
      keepBytes: byteSizeSchema.optional(),
    })
    .prefault({}),
  targets: z.record(targetIdSchema, targetConfigSchema).default({}),
  /** Forges that are told how the jobs of a run stand, on the commit that is run. */
  report: z.array(reportSchema).max(20).default([]),
  /** Forges whose webhooks start runs, where `pikaci serve` has `--hooks`. */
  hooks: webhooksSchema,
  /** For `pikaci gitlab`, which runs the jobs of a GitLab Runner. */
  gitlab: gitlabConfigSchema.prefault({}),
  /** For `pikaci github`, which runs the jobs of a GitHub Actions runner on the host itself. */
  github: githubConfigSchema.prefault({}),
});

/** A checked configuration: every default is filled in, times are in seconds and sizes in bytes unless a key says otherwise. */
export type PikaciConfig = z.output<typeof pikaciConfigSchema>;
/** What a user writes in `pikaci.config.json`: only `host` is required. */
export type PikaciConfigInput = z.input<typeof pikaciConfigSchema>;
export type SshHostConfig = z.output<typeof sshHostSchema>;
export type IncusTransport = z.output<typeof incusTransportSchema>;
