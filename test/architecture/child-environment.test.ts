import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.[tj]s$/.test(name))
  .map((name) => ({ name, text: readFileSync(`src/${name}`, 'utf8') }));

it('child processes are started in two places, and each takes its environment from the one that chooses it', () => {
  const starting = sources.filter(({ text }) =>
    /from 'node:child_process'|require\('(?:node:)?child_process/.test(text),
  );
  expect(starting.map(({ name }) => name).sort()).toEqual([
    'adapters/local/child.ts',
    'adapters/node/git-process.ts',
  ]);
  for (const { text } of starting)
    for (const call of text.split(/\bspawn\(/).slice(2)) expect(call).toMatch(/^[^;]*\benv\b/);
});

it('the environment of the process is read where it is chosen, and for what pikaci itself is told by it', () => {
  const reading = sources.filter(({ text }) => text.includes('process.env')).map(({ name }) => name);
  expect(reading.sort()).toEqual([
    'adapters/ssh2/host-environment.ts',
    'composition/create-pikaci.ts',
    'composition/github-hooks.ts',
    'composition/run-command-line.ts',
    'streams/child-environment.ts',
    'streams/own-user.ts',
  ]);
});

it('the home directory and the name of the user are asked for where a user without them is no surprise', () => {
  const asking = sources.filter(({ text }) => /\b(?:homedir|userInfo)\(/.test(text)).map(({ name }) => name);
  expect(asking).toEqual(['streams/own-user.ts']);
});
