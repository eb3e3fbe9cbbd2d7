import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import { machineIdSchema } from '../../../../domain/values/identifier.js';
import type { Environment } from '../../process/cli-input.js';

/** What `config` gives the later calls of a job, as the runner's `job_env` does: the name of the job's machine. */
export const MACHINE_VARIABLE = 'PIKACI_GITLAB_MACHINE';

/** Before the name of each variable of the job. */
const JOBS = 'CUSTOM_ENV_';

const exitCode = z
  .string()
  .regex(/^[1-9][0-9]{0,2}$/)
  .transform(Number)
  .pipe(z.number().max(255));

const services = z
  .string()
  .transform((text, context) => {
    try {
      return JSON.parse(text === '' ? '[]' : text) as unknown;
    } catch {
      context.addIssue({ code: 'custom', message: 'is no JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z
      .array(
        z.looseObject({
          name: z.string(),
          alias: z.string().nullish(),
          entrypoint: z.array(z.string()).nullish(),
          command: z.array(z.string()).nullish(),
          variables: z.array(z.looseObject({ key: z.string(), value: z.string() })).nullish(),
        }),
      )
      .nullable()
      .transform((found) => found ?? []),
  );

/**
 * What the runner's custom executor says of a call in its environment (GitLab Runner, `docs/executors/custom.md`). What begins with
 * `CUSTOM_ENV_` comes from the job, and is nobody's wish but the job's.
 */
const environment = z.looseObject({
  BUILD_FAILURE_EXIT_CODE: exitCode,
  SYSTEM_FAILURE_EXIT_CODE: exitCode,
  BUILD_EXIT_CODE_FILE: z.string().min(1).optional(),
  JOB_RESPONSE_FILE: z.string().min(1).optional(),
  [MACHINE_VARIABLE]: machineIdSchema.optional(),
  CUSTOM_ENV_CI_JOB_ID: z
    .string()
    .regex(/^[0-9]{1,20}$/)
    .optional(),
  CUSTOM_ENV_CI_JOB_IMAGE: z.string().optional(),
  CUSTOM_ENV_CI_JOB_SERVICES: services.optional(),
});

/** A service as a job asks for it. */
export type GitlabService = z.output<typeof services>[number];

/** One call of the runner. */
export interface GitlabCall {
  /** The status by which the runner knows that the job failed. */
  readonly buildFailure: number;
  /** The status by which it knows that something else did; it tries `prepare` again then. */
  readonly systemFailure: number;
  /** Takes the exit code of the job's script, where the runner has such a file. */
  readonly exitCodeFile: string | null;
  /** All that the runner knows of the job, secrets included. */
  readonly jobResponseFile: string | null;
  /** Of the job's variables those that GitLab gives a job to log in with, as the environment has them. */
  readonly logins: readonly string[];
  readonly machine: string | null;
  readonly jobId: string | null;
  readonly image: string | null;
  readonly services: readonly GitlabService[];
  /** A variable of the job. */
  readonly variable: (name: string) => string | undefined;
}

/** An error names the variable, and who sets it. */
export function gitlabCallOf(env: Environment): Result<GitlabCall, string> {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0] ?? { path: [], message: '' };
    const name = String(path[0]);
    const why = env[name] === undefined ? 'is not set' : `cannot be used: ${message}`;
    return err(
      `${name} ${why}; "pikaci gitlab" is called by the custom executor of GitLab Runner ("pikaci gitlab init" prints its configuration)`,
    );
  }
  const { data } = parsed;
  return ok({
    buildFailure: data.BUILD_FAILURE_EXIT_CODE,
    systemFailure: data.SYSTEM_FAILURE_EXIT_CODE,
    exitCodeFile: data.BUILD_EXIT_CODE_FILE ?? null,
    jobResponseFile: data.JOB_RESPONSE_FILE ?? null,
    logins: Object.entries(env).flatMap(([name, value = '']) =>
      name.startsWith(JOBS) && isLogin(name.slice(JOBS.length)) ? [value] : [],
    ),
    machine: data[MACHINE_VARIABLE] ?? null,
    jobId: data.CUSTOM_ENV_CI_JOB_ID ?? null,
    image: data.CUSTOM_ENV_CI_JOB_IMAGE || null,
    services: data.CUSTOM_ENV_CI_JOB_SERVICES ?? [],
    variable: (name) => env[`${JOBS}${name}`],
  });
}

const response = z.looseObject({
  token: z.string().nullish(),
  variables: z
    .array(z.looseObject({ key: z.string(), value: z.string(), masked: z.boolean().nullish() }))
    .nullish(),
});

/** By which the job's variables with these endings are known for secrets, though nobody has marked them. */
const SECRET_NAME = /(?:TOKEN|PASSWORD|PRIVATE_KEY|JWT(?:_V[0-9])?)$/;

const isLogin = (name: string) => name.startsWith('CI_') && SECRET_NAME.test(name);

/**
 * What must not be seen in logs and records: the job's token, masked variables, and what GitLab itself gives a job to log in with, as far as
 * the runner tells it.
 */
export function secretsOf(
  jobResponse: string | null,
  { logins }: Pick<GitlabCall, 'logins'>,
): Result<Record<string, string>, string> {
  return (jobResponse === null ? ok([]) : secretsInResponse(jobResponse)).map((known) => {
    const values = new Set([...known, ...logins].filter((value) => value !== ''));
    return Object.fromEntries([...values].map((value, index) => [`GITLAB_${index + 1}`, value]));
  });
}

function secretsInResponse(jobResponse: string): Result<readonly string[], string> {
  let read: unknown;
  try {
    read = JSON.parse(jobResponse);
  } catch {
    return err('is no JSON');
  }
  const parsed = response.safeParse(read);
  if (!parsed.success) return err(parsed.error.issues[0]?.message ?? 'is not what a runner writes');
  // Go writes null for what it has none of.
  const { token, variables } = parsed.data;
  const hidden = (variables ?? [])
    .filter(({ key, masked }) => masked === true || isLogin(key))
    .map(({ value }) => value);
  return ok([token ?? '', ...hidden]);
}
