/** Why a host is of no more use. One that has died cannot even be asked to remove what is there. */
export interface HostGone {
  readonly message: string;
  readonly isDead: boolean;
}

/** Asks those who can tell; null while the host lives, or nobody can tell. `patienceMs` is how long it may take to find out. */
export type WhyGone = (patienceMs: number, signal: AbortSignal) => Promise<HostGone | null>;
