import { z } from 'zod';

/**
 * Run and job ids name directories, so they are one path component: letters, digits, `.`, `_` and `-`, starting with a
 * letter or a digit, at most 64 characters. That leaves out `..`, separators and hidden names.
 */
const IDENTIFIER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

const identifier = (what: string) =>
  z.string().regex(IDENTIFIER, {
    error: `a ${what} id is 1 to 64 letters, digits, ".", "_" or "-", and starts with a letter or a digit`,
  });

export const runIdSchema = identifier('run');
export const targetIdSchema = identifier('target');
export const jobIdSchema = identifier('job');
export const machineIdSchema = identifier('machine');
