import { joinBelow } from '../values/path-rules.js';

/** Where an open machine's state lies on the runner, below the state root. */
export interface MachineStateLayout {
  readonly machineDir: string;
  readonly machineRecord: string;
  readonly hostLog: string;
  readonly stepsDir: string;
}

export interface StepStateLayout {
  readonly stepDir: string;
  readonly stepRecord: string;
  /** What the step wrote, masked. */
  readonly guestLog: string;
  /** How many bytes of the machine's own log `guestLog` stands for. */
  readonly guestLogPosition: string;
}

export function machinesDirOf(stateRoot: string): string {
  return joinBelow(stateRoot.replace(/(?<=.)\/+$/, ''), 'machines');
}

/** The id must have been validated: it becomes a path component. */
export function machineStateLayout(stateRoot: string, machineId: string): MachineStateLayout {
  const machineDir = `${machinesDirOf(stateRoot)}/${machineId}`;
  return {
    machineDir,
    machineRecord: `${machineDir}/machine.json`,
    hostLog: `${machineDir}/host.log`,
    stepsDir: `${machineDir}/steps`,
  };
}

/** Both ids must have been validated. */
export function stepStateLayout({ stepsDir }: MachineStateLayout, stepId: string): StepStateLayout {
  const stepDir = `${stepsDir}/${stepId}`;
  return {
    stepDir,
    stepRecord: `${stepDir}/step.json`,
    guestLog: `${stepDir}/guest.log`,
    guestLogPosition: `${stepDir}/guest.log.position.json`,
  };
}
