import type { HostsDocument } from '../../domain/records/host-documents.js';

/** What the pages of hosts are made of. */
export interface HostsView {
  /** As they were seen last; null while nobody has seen them yet. Never waits for a host longer than a page may. */
  seen(): Promise<HostsDocument | null>;
}
