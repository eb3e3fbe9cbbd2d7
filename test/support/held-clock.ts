/** Time that moves only when a test says so. */
export { MemoryClock as HeldClock } from '../../src/adapters/memory/memory-clock.js';
