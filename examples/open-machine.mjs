import { createPikaci } from 'pikaci';

const pikaci = createPikaci(JSON.parse(process.env.PIKACI_CONFIG ?? '{"host":"local"}'))._unsafeUnwrap();
const machine = (await pikaci.openMachine({ workspace: process.cwd() }))._unsafeUnwrap();
const onOutput = (data) => void process.stdout.write(data);
await machine.run({ command: 'ls; echo "BUILD=7" >>"$PIKACI_ENV"', onOutput });
const step = await machine.run({ command: 'echo "build $BUILD"; exit 3', onOutput });
console.log('exit code', step._unsafeUnwrap().exitCode);
await machine.release();
await pikaci.close();
