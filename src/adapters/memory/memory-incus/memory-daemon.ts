import { MemoryEvents } from './memory-events.js';
import { MemoryFaults } from './memory-faults.js';
import { MemoryOperations } from './memory-operations.js';
import { MemoryWorld } from './memory-world.js';

/** What all connections to one daemon share. */
export class MemoryDaemon {
  readonly world = new MemoryWorld();
  readonly faults = new MemoryFaults();
  readonly events: MemoryEvents;
  readonly operations: MemoryOperations;

  /** `now` gives ms since the epoch. */
  constructor(readonly now: () => number) {
    this.events = new MemoryEvents(now);
    this.operations = new MemoryOperations(now, this.events);
  }
}
