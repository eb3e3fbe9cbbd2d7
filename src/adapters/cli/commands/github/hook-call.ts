import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import { machineIdSchema } from '../../../../domain/values/identifier.js';

/** Newtonsoft writes null for what there is none of. */
const optional = <T extends z.ZodType>(value: T) => value.nullish().transform((found) => found ?? null);
const words = z
  .array(z.string().nullable())
  .nullish()
  .transform((found) => (found ?? []).map((word) => word ?? ''));
const variables = z
  .record(z.string(), z.string().nullable())
  .nullish()
  .transform((found) =>
    Object.fromEntries(Object.entries(found ?? {}).map(([name, value]) => [name, value ?? ''])),
  );

const volume = z.looseObject({
  sourceVolumePath: optional(z.string()),
  targetVolumePath: z.string(),
  readOnly: z.boolean().nullish(),
});
export type Volume = z.output<typeof volume>;
const volumes = z
  .array(volume)
  .nullish()
  .transform((found) => found ?? []);

const container = z.looseObject({
  image: optional(z.string()),
  entryPoint: optional(z.string()),
  entryPointArgs: words,
  createOptions: optional(z.string()),
  environmentVariables: variables,
  systemMountVolumes: volumes,
  userMountVolumes: volumes,
  portMappings: words,
});

const service = container.extend({ contextName: optional(z.string()) });
export type HookService = z.output<typeof service>;

const prepareArgs = z.looseObject({
  container: optional(container),
  services: z
    .array(service)
    .nullish()
    .transform((found) => found ?? []),
});
export type PrepareJobArgs = z.output<typeof prepareArgs>;

const scriptArgs = z.looseObject({
  entryPoint: z.string().min(1),
  entryPointArgs: words,
  environmentVariables: variables,
  prependPath: z.preprocess((found) => (typeof found === 'string' ? [found] : found), words),
  workingDirectory: optional(z.string()),
});
export type ScriptStepArgs = z.output<typeof scriptArgs>;

/** What `prepare_job` answers, and the runner hands to each later call; the runner keeps it in memory. */
const state = z.looseObject({
  machine: machineIdSchema.optional(),
  /** Of the job's container: each step has them. They may be secret, so no record of ours has them. */
  environment: variables,
});
export type HookState = z.output<typeof state>;

const common = {
  responseFile: optional(z.string().min(1)),
  state: z.preprocess((found) => found ?? {}, state),
};
/** Cleaned up is whatever the state says: the machines of this runner are known without it. */
const anyState = common.state.catch({ environment: {} });

const callSchema = z.discriminatedUnion('command', [
  z.looseObject({ command: z.literal('prepare_job'), args: prepareArgs, ...common }),
  z.looseObject({ command: z.literal('run_script_step'), args: scriptArgs, ...common }),
  z.looseObject({ command: z.literal('run_container_step'), ...common }),
  z.looseObject({ command: z.literal('cleanup_job'), ...common, state: anyState }),
]);

/** One call of the runner: `actions/runner`, `HookInput.cs`; `actions/runner-container-hooks`, `interfaces.ts`. */
export type HookCall = z.output<typeof callSchema>;

/** What the runner has written to standard input. An error is a sentence without its values, which may be secret. */
export function hookCallOf(text: string): Result<HookCall, string> {
  const by =
    '"pikaci github hooks" is called by a GitHub Actions runner, with one JSON document on its standard input';
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return err(text.trim() === '' ? by : `what came in is no JSON; ${by}`);
  }
  const parsed = callSchema.safeParse(read);
  if (parsed.success) return ok(parsed.data);
  const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' };
  const field = path.map(String).join('.') || 'the document';
  const known = callSchema.options.map((option) => option.shape.command.value).join(', ');
  return err(field === 'command' ? `command: must be one of ${known}; ${by}` : `${field}: ${message}; ${by}`);
}
