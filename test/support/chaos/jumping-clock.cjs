/**
 * Loaded into a runner before its own code (`node --require`): its wall clock jumps, as one does that is set by hand or by a time server.
 * `PIKACI_TEST_CLOCK_JUMPS` is a list of [ms since the start, ms that the clock is wrong from then on]. The monotonic clock goes on.
 */
const { performance } = require('node:perf_hooks');

const jumps = JSON.parse(process.env['PIKACI_TEST_CLOCK_JUMPS']);
const began = performance.now();
const RealDate = Date;

function now() {
  const passed = performance.now() - began;
  const [, wrongBy] = jumps.findLast(([after]) => after <= passed) ?? [0, 0];
  return RealDate.now() + wrongBy;
}

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, words, made) => Reflect.construct(target, words.length === 0 ? [now()] : words, made),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
