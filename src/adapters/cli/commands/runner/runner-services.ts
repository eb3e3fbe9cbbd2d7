import { err, ok, type Result } from 'neverthrow';
import { type RunnerImages, serviceForImage } from '../../../../domain/config/runner-images.js';
import { isServiceName, type ServiceSpecInput } from '../../../../domain/machine/service-spec.js';
import { quoteWords } from '../../../../domain/values/shell-words.js';

const NAME = /^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/;

/** A service as a job of a CI runner asks for it. */
export interface RunnerService {
  /** Its image. */
  readonly name: string;
  /** Names that it is reached by, with spaces or commas between them. */
  readonly alias?: string | null | undefined;
  readonly entrypoint?: readonly string[] | null | undefined;
  readonly command?: readonly string[] | null | undefined;
  readonly variables?: readonly { readonly key: string; readonly value: string }[] | null | undefined;
}

export interface AskedServices {
  readonly services: readonly RunnerService[];
  /** A variable of the job. */
  readonly variable: (name: string) => string | undefined;
}

/** The machines that stand for a job's services; the error is a sentence for the job's log. `key` is where the configuration has them. */
export function runnerServices(
  { services, variable }: AskedServices,
  config: Pick<RunnerImages, 'services'>,
  key: string,
): Result<readonly ServiceSpecInput[], string> {
  const found: ServiceSpecInput[] = [];
  const taken = new Set<string>();
  // The image's name is first of all that of a service that has no other.
  const unnamed = new Set(services.flatMap((one) => (aliasesOf(one).length === 0 ? namesOf(one) : [])));
  for (const [index, service] of services.entries()) {
    const kind = serviceForImage(service.name, config);
    if (kind === null)
      return err(
        `the job asks for the service ${JSON.stringify(service.name)}, and no "match" of ${key} in the configuration is for it`,
      );
    const { match: _, variables, command, env, ...options } = kind;
    const given = variables.flatMap((name) => {
      const value = variable(name);
      return value === undefined ? [] : [[name, value] as const];
    });
    const own = (service.variables ?? []).map(({ key, value }) => [key, value] as const);
    const aliases = aliasesOf(service);
    const isFree = (one: string) =>
      !taken.has(one) && (aliases.length === 0 || aliases.includes(one) || !unnamed.has(one));
    const names = namesOf(service).filter(isFree);
    const name = names.find(isServiceName) ?? `service-${index + 1}`;
    for (const one of [name, ...names]) taken.add(one);
    const text = commandOf(service, command);
    found.push({
      ...options,
      name,
      aliases: names.filter((other) => other !== name).slice(0, 10),
      env: { ...env, ...Object.fromEntries([...given, ...own]) },
      ...(text === undefined ? {} : { command: text }),
    });
  }
  return ok(found);
}

/** As GitLab's Docker executor names them: by the alias, else by the image without its tag, with `__` and with `-` for each slash. */
function namesOf(service: RunnerService): readonly string[] {
  const bare = service.name
    .replace(/@.*$/, '')
    .replace(/:[^/]*$/, '')
    .replace(/:\d+(?=\/)/, '');
  const made = [bare.replaceAll('/', '__'), bare.replaceAll('/', '-')].map((one) => one.toLowerCase());
  return [...new Set([...aliasesOf(service), ...made])].filter((one) => NAME.test(one));
}

function aliasesOf({ alias }: RunnerService): readonly string[] {
  return (alias ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((one) => NAME.test(one));
}

/** The words that the job gives are the arguments of the configured command, or the command where none is configured. */
function commandOf(
  { entrypoint, command }: RunnerService,
  configured: string | undefined,
): string | undefined {
  const words = [...(entrypoint ?? []), ...(command ?? [])];
  if (configured === undefined) return words.length === 0 ? undefined : `exec ${quoteWords(words)}`;
  const given = command ?? [];
  return given.length === 0 ? configured : `set -- ${quoteWords(given)}\n${configured}`;
}
