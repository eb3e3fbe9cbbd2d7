import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { knownHostsName, namesHost, parseKnownHosts } from '../../../../src/adapters/ssh2/known-hosts.js';

const KEY = 'AAAAC3NzaC1lZDI1NTE5AAAAIEU5bX2nXQ1rfIhTb7vJm8oZB3qJYJ0J8S0C4mQv1X2Y';

it('plain, revoked and authority lines are read; comments, broken and unknown ones are passed over', () => {
  const lines = parseKnownHosts(
    [
      '# a comment',
      '',
      `host.example ssh-ed25519 ${KEY} who put it here`,
      `@revoked * ssh-ed25519 ${KEY}`,
      `@cert-authority *.example\tssh-ed25519\t${KEY}\r`,
      `@unknown * ssh-ed25519 ${KEY}`,
      `host.example ssh-rsa ${KEY}`,
      'host.example ssh-ed25519',
      'host.example ssh-ed25519 ????',
    ].join('\n'),
  );
  expect(lines.map(({ marker, hosts, keyType }) => ({ marker, hosts, keyType }))).toEqual([
    { marker: null, hosts: 'host.example', keyType: 'ssh-ed25519' },
    { marker: 'revoked', hosts: '*', keyType: 'ssh-ed25519' },
    { marker: 'cert-authority', hosts: '*.example', keyType: 'ssh-ed25519' },
  ]);
});

it('a host has its port in its name unless that is 22', () => {
  expect(knownHostsName('Host.Example', 22)).toBe('host.example');
  expect(knownHostsName('Host.Example', 2222)).toBe('[host.example]:2222');
  expect(knownHostsName('::1', 2222)).toBe('[::1]:2222');
});

it('patterns match as sshd(8) says', () => {
  expect(namesHost('host.example', 'host.example')).toBe(true);
  expect(namesHost('HOST.example', 'host.example')).toBe(true);
  expect(namesHost('other,host.example', 'host.example')).toBe(true);
  expect(namesHost('*.example', 'host.example')).toBe(true);
  expect(namesHost('h?st.example', 'host.example')).toBe(true);
  expect(namesHost('*.example', 'host.example.org')).toBe(false);
  expect(namesHost('*.example,!host.example', 'host.example')).toBe(false);
  expect(namesHost('!host.example', 'host.example')).toBe(false);
  expect(namesHost('host.example', '[host.example]:2222')).toBe(false);
  expect(namesHost('[host.example]:2222', '[host.example]:2222')).toBe(true);
  expect(namesHost('hostxexample', 'host.example')).toBe(false);
  expect(namesHost('host.example', 'hostxexample')).toBe(false);
});

it('a hashed name matches its own host only, whatever the salt', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }),
      fc.domain(),
      fc.domain(),
      (salt, host, other) => {
        fc.pre(host !== other);
        const hash = createHmac('sha1', Buffer.from(salt)).update(host).digest('base64');
        const field = `|1|${Buffer.from(salt).toString('base64')}|${hash}`;
        expect(namesHost(field, host)).toBe(true);
        expect(namesHost(field, other)).toBe(false);
      },
    ),
  );
});

it('a pattern of many stars is compared in a moment', () => {
  expect(namesHost(`${'*a'.repeat(64)}b`, 'a'.repeat(255))).toBe(false);
  expect(namesHost(`${'*a'.repeat(64)}*,!*c`, `${'a'.repeat(64)}b`)).toBe(true);
});

it('no text makes the parser fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const line of parseKnownHosts(text)) namesHost(line.hosts, 'host.example');
    }),
  );
});
