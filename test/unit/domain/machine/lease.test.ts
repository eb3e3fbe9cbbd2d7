import { describe, expect, it } from 'vitest';
import {
  LEASE_KEY,
  leaseConfig,
  leaseHasEnded,
  newLeaseConfig,
  readLease,
} from '../../../../src/domain/machine/lease.js';

const lease = { runId: 'run', jobId: 'job', owner: 'token', expiresAtMs: 1_700_000_000_000 };

describe('a lease', () => {
  it('is kept in keys of the instance that Incus takes, and read back as it was', () => {
    const config = leaseConfig(lease);
    expect(Object.keys(config).every((key) => key.startsWith('user.pikaci.'))).toBe(true);
    expect(config[LEASE_KEY]).toBe('1700000000000');
    expect(readLease({ ...config, 'limits.cpu': '2' })).toEqual({ ...lease, acquisition: null });
  });

  it('is of the machine that was made with it', () => {
    const acquisition = '3f2c1a80-0000-4000-8000-000000000001';
    const config = newLeaseConfig({ ...lease, acquisition });
    expect(readLease(config)).toEqual({ ...lease, acquisition });
    // Renewed by an owner who does not know of it.
    expect(readLease({ ...config, ...leaseConfig({ ...lease, owner: 'next' }) })).toMatchObject({
      acquisition,
    });
    // A restricted project takes keys of the user, and none of the daemon's own.
    expect(Object.keys(config).every((key) => key.startsWith('user.'))).toBe(true);
  });

  it("is nobody's on an instance that pikaci did not make", () => {
    expect(readLease({})).toBeNull();
    expect(readLease({ 'user.other': 'x' })).toBeNull();
  });

  it('that cannot be read has ended long ago', () => {
    for (const expires of ['soon', '', 'NaN', 'Infinity']) {
      const read = readLease({ [LEASE_KEY]: expires });
      expect(read && leaseHasEnded(read, 1)).toBe(true);
    }
  });

  it('ends at its time by the clock of the host, not before', () => {
    expect(leaseHasEnded(lease, lease.expiresAtMs - 1)).toBe(false);
    expect(leaseHasEnded(lease, lease.expiresAtMs)).toBe(true);
    expect(leaseHasEnded(lease, lease.expiresAtMs + 1)).toBe(true);
  });

  it('is written in whole milliseconds', () => {
    expect(leaseConfig({ ...lease, expiresAtMs: 1.5 })[LEASE_KEY]).toMatch(/^[0-9]+$/);
  });
});
