import { createPikaci } from 'pikaci';

/** Fills one member after the other, so that others stay idle and can be switched off. */
const placement = {
  rank: ({ candidates }) =>
    [...candidates]
      .sort((one, other) => other.hasRoom - one.hasRoom || other.taken.cpu - one.taken.cpu)
      .map(({ member, taken }) => ({ member, reason: `machines there ask for ${taken.cpu} cores` })),
};
const config = JSON.parse(process.env.PIKACI_CONFIG ?? '{"host":"local"}');
const pikaci = createPikaci(config, { adapters: { placement } })._unsafeUnwrap();
const events = {
  emit: (told) => told.type === 'job_started' && console.log(told.member, told.placed_because),
};
const run = await pikaci.runJob({ job: { id: 'j', command: 'true' }, workspace: process.cwd(), events });
console.log(run._unsafeUnwrap().outcome.status);
await pikaci.close();
