import type { ContractRunner } from '../contract-runner.js';
import { createContract } from './create.js';
import { execContract } from './exec.js';
import { realGuestContract } from './exec-real-guest.js';
import { filesContract } from './files.js';
import { imagesContract } from './images.js';
import { networksContract } from './networks.js';
import { operationsContract } from './operations.js';
import { serverContract } from './server.js';
import { snapshotsContract } from './snapshots.js';
import { statesContract } from './states.js';
import type { Bench, IncusContractCapabilities, IncusContractSubject } from './subject.js';
import { updatesContract } from './updates.js';
import { volumesContract } from './volumes.js';

export type { IncusContractCapabilities, IncusContractSubject } from './subject.js';

/** What every IncusApi keeps to. `make` is called once; the suite makes and deletes instances named `contract-…`. */
export function incusApiContract(
  runner: ContractRunner,
  name: string,
  make: () => Promise<IncusContractSubject>,
  capabilities: IncusContractCapabilities,
): void {
  let made: IncusContractSubject | undefined;
  const subject = (): IncusContractSubject => {
    if (!made) throw new Error('the subject is used before it was made');
    return made;
  };
  const bench: Bench = { subject, capabilities };
  runner.describe(`IncusApi: ${name}`, () => {
    runner.beforeAll(async () => {
      made = await make();
    }, 120_000);
    runner.afterAll(() => made?.dispose(), 60_000);
    for (const area of areas) area(runner, bench);
  });
}

const areas = [
  serverContract,
  createContract,
  statesContract,
  updatesContract,
  snapshotsContract,
  imagesContract,
  execContract,
  realGuestContract,
  filesContract,
  operationsContract,
  volumesContract,
  networksContract,
];
