import { expect, test } from 'vitest';
import { UploadNotices } from '../../../src/adapters/cli/output/upload-notices.js';
import { UploadProgress } from '../../../src/adapters/cli/output/upload-progress.js';

const MiB = 1024 * 1024;

test('the rate is that of the last seconds, and falls while nothing moves', () => {
  const upload = new UploadProgress();
  for (let s = 0; s <= 10; s += 1) upload.observe({ bytes: s * MiB, total: 100 * MiB }, s * 1000);
  expect(upload.text(10_000)).toBe('10.0 MiB of 100.0 MiB, 10%, 1.0 MiB/s');
  for (let s = 11; s <= 20; s += 1)
    upload.observe({ bytes: (10 + (s - 10) * 4) * MiB, total: 100 * MiB }, s * 1000);
  expect(upload.text(20_000)).toBe('50.0 MiB of 100.0 MiB, 50%, 4.0 MiB/s');
  expect(upload.text(24_000)).toBe('50.0 MiB of 100.0 MiB, 50%, 1.3 MiB/s');
  expect(upload.text(60_000)).toBe('50.0 MiB of 100.0 MiB, 50%, 0 B/s');
});

test('no rate is told before there is one, and no share of more than all', () => {
  const upload = new UploadProgress();
  upload.observe({ bytes: 0, total: 0 }, 0);
  expect(upload.text(0)).toBe('0 B of 0 B, 100%');
  upload.observe({ bytes: 3 * MiB, total: 2 * MiB }, 300);
  expect(upload.text(300)).toBe('3.0 MiB of 3.0 MiB, 100%');
});

test('without a terminal an upload has a line every five seconds, and a short one none', () => {
  const notices = new UploadNotices();
  const told: string[] = [];
  for (let ms = 0; ms <= 12_000; ms += 10) {
    const text = notices.next('a', { bytes: ms * 1024, total_bytes: 12_000 * 1024 }, ms);
    if (text !== null) told.push(`${ms}: ${text}`);
  }
  expect(told).toEqual([
    '5000: stage_workspace_snapshot … 4.9 MiB of 11.7 MiB, 41%, 1000.0 KiB/s',
    '10000: stage_workspace_snapshot … 9.8 MiB of 11.7 MiB, 83%, 1000.0 KiB/s',
  ]);
});
