/** A runner that pikaci has built on the host from a flake which exports `lib.microvmRunner`. */
export interface RunnerFlake {
  /** A flake reference, such as `github:owner/pikaci` or `path:/srv/pikaci`. */
  readonly url: string;
  readonly binary: string;
  readonly flags: string[];
  readonly options: string[];
  readonly timeoutSecs: number;
}

/** What the microVM backend takes from the configuration. */
export interface MicrovmSettings {
  /** Directory on the host with `bin/microvm-run`; comes before the flake. */
  readonly runner: string | null;
  readonly flake: RunnerFlake | null;
  /** Its machines reach neither the host nor each other. */
  readonly isolatedNetwork: boolean;
  readonly bootTimeoutSecs: number;
  /** What a guest may write into its artifacts (and set aside of its workspace) on the host. */
  readonly artifactsBytes: number;
  /** Asked for when the first machine is. */
  readonly scripts: () => MicrovmScripts;
}

/** Texts of the scripts, by the names that they have on the host. */
export interface MicrovmScripts {
  readonly 'pikaci-microvm-host': string;
  readonly 'pikaci-microvm-guest': string;
  readonly 'pikaci-incus-run': string;
}
