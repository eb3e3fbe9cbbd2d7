import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { OwnedTransport } from '../../../../src/application/machine/owned-transport.js';
import type { SupervisorTransport } from '../../../../src/application/supervisor/supervised-guest.js';
import { mustFail } from '../../../../src/testing/contract/expect-result.js';

const signal = new AbortController().signal;

function heard(isOurs: boolean) {
  const asked: string[] = [];
  const transport: SupervisorTransport = {
    description: 'a machine',
    exec: async (words) => {
      asked.push(words.join(' '));
      return err({ kind: 'connection_lost', message: 'heard' });
    },
  };
  const fault = { kind: 'guest' as const, phase: null, host: 'h', message: 'another machine of these ids' };
  const read = async () =>
    isOurs ? ok({ lease: null, version: '1' }) : err({ kind: 'not_found' as const, fault });
  return { asked, owned: new OwnedTransport(transport, { read }) };
}

describe('a supervisor is spoken to', () => {
  const calls = [['follow', '12'], ['status'], ['cancel', '2'], ['pack'], ['--step', 's', 'follow', '0']];
  it.each(calls)('by %s %s only where the machine is the one that was made', async (...words) => {
    const nothing = new Uint8Array();
    const { owned, asked } = heard(false);
    const fault = mustFail(await owned.exec(words, nothing, { signal }), 'gone');
    expect(fault.message).toBe('another machine of these ids');
    expect(asked).toEqual([]);
    const ours = heard(true);
    mustFail(await ours.owned.exec(words, nothing, { signal }), 'connection_lost');
    expect(ours.asked).toEqual([words.join(' ')]);
  });

  it.each([['run'], ['--step', 's', 'run']])('at once where something is started: %s', async (...words) => {
    const { owned, asked } = heard(false);
    mustFail(await owned.exec(words, new Uint8Array(), { signal }), 'connection_lost');
    expect(asked).toEqual([words.join(' ')]);
  });
});
