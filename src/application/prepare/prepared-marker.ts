import { z } from 'zod';

/** Beside every kept output: what it was made from. It appears with the output, in one rename. */
export const PREPARED_MARKER = 'pikaci-prepared.json';
export const preparedMarkerSchema = z.looseObject({ schema_version: z.literal(1), key: z.string() });
