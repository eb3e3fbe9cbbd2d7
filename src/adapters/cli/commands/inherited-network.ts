import type { TargetInfoDocument } from '../../../domain/records/state-documents.js';
import type { LoadedConfig } from '../config/load-config.js';
import { escapeLine, escapeMessage } from '../output/escape-control.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { withPikaci } from './with-pikaci.js';

type Inherited = NonNullable<TargetInfoDocument['inherit']>;

/** What machines will inherit. The host is asked where the configuration wants anything of it. */
export async function inheritedOf(context: CliContext, loaded: LoadedConfig): Promise<Inherited> {
  const { ca, ...rest } = loaded.config.inherit;
  const isTrusted = loaded.config.trust !== 'untrusted';
  const asked = { ca, proxy: isTrusted && rest.proxy, registries: isTrusted && rest.registries };
  if (!Object.values(asked).includes(true)) return asked;
  let inherited: Inherited = { ...asked, problem: 'the host could not be asked' };
  await withPikaci(context, loaded, async (pikaci) => {
    const found = await pikaci.inherited();
    inherited = found.isErr()
      ? { ...asked, problem: found.error.message }
      : {
          ...asked,
          variables: { ...found.value.variables },
          certificates: found.value.certificates.length,
          files: found.value.files.map(({ path }) => path),
          warnings: [...found.value.warnings],
        };
    return EXIT.passed;
  });
  return inherited;
}

export function inheritedLines(inherited: Inherited | undefined): readonly string[] {
  if (inherited === undefined) return [];
  const { variables = {}, certificates = 0, files = [], warnings = [], problem, ...asked } = inherited;
  const keys = (['ca', 'proxy', 'registries'] as const).filter((key) => asked[key]);
  if (keys.length === 0) return [];
  const of = `  inherits of its host (${keys.join(', ')})`;
  if (problem !== undefined) return [`${of}: not known: ${escapeMessage(problem, '    ')}`];
  const given = [
    ...(certificates === 0 ? [] : [`${certificates} certificates, as far as its image lacks them`]),
    ...Object.entries(variables).map(([name, value]) => `${name}=${escapeLine(value)}`),
    ...files.map((path) => `${path}, where its image has none`),
  ];
  return [
    `${of}:${given.length === 0 ? ' nothing' : ''}`,
    ...given.map((line) => `    ${line}`),
    ...warnings.map((warning) => `    warning: ${escapeMessage(warning, '      ')}`),
  ];
}
