import type { ContractRunner } from './contract-runner.js';
import { createContract } from './incus-api/create.js';
import { execContract } from './incus-api/exec.js';
import { realGuestContract } from './incus-api/exec-real-guest.js';
import { filesContract } from './incus-api/files.js';
import { operationsContract } from './incus-api/operations.js';
import { serverContract } from './incus-api/server.js';
import { statesContract } from './incus-api/states.js';
import type { Bench, IncusContractCapabilities, IncusContractSubject } from './incus-api/subject.js';
import { updatesContract } from './incus-api/updates.js';
import { volumesContract } from './incus-api/volumes.js';

export type { IncusContractCapabilities, IncusContractSubject } from './incus-api/subject.js';

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
  execContract,
  realGuestContract,
  filesContract,
  operationsContract,
  volumesContract,
];
