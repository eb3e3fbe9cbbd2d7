import type { TemplateInfo } from '../../../application/target/target-templates.js';
import type { TargetInfoDocument } from '../../../domain/records/state-documents.js';
import type { TargetConfig } from '../../../domain/target/target-config.js';
import type { LoadedConfig } from '../config/load-config.js';
import { escapeMessage } from '../output/escape-control.js';
import { templateLines } from '../output/template-lines.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { withPikaci } from './with-pikaci.js';

/** What the host has of a target's templates, or why that is not known. */
export type ExaminedTemplates = readonly TemplateInfo[] | { readonly problem: string };

/** Asks the host, where the target has templates at all. */
export async function templatesOf(
  context: CliContext,
  loaded: LoadedConfig,
  { target, targetName }: { readonly target: TargetConfig; readonly targetName: string },
): Promise<ExaminedTemplates> {
  if (Object.keys(target.templates).length === 0) return [];
  let examined: ExaminedTemplates = { problem: 'the host could not be asked' };
  await withPikaci(context, loaded, async (pikaci) => {
    const { signal } = context.interrupts;
    const found = await pikaci.examineTemplates({ target: targetName, workspace: loaded.workspace, signal });
    examined = found.isOk() ? found.value : { problem: found.error.message };
    return EXIT.passed;
  });
  return examined;
}

export function templatesDocument(
  examined: ExaminedTemplates,
): Pick<TargetInfoDocument, 'templates' | 'templates_problem'> {
  if ('problem' in examined) return { templates_problem: examined.problem };
  if (examined.length === 0) return {};
  const templates = examined.map(({ name, key, instance, state, ingredients }) => {
    const { from, inputsHash, secrets, shell, ...rest } = ingredients;
    return {
      name,
      key,
      instance_name: instance,
      state,
      from: { fingerprint: null, key: null, ...from },
      inputs_hash: inputsHash,
      secrets: [...secrets],
      shell: [...shell],
      ...rest,
    };
  });
  return { templates };
}

export function templatesLines(examined: ExaminedTemplates): readonly string[] {
  if ('problem' in examined)
    return [`  what the host has of the templates is not known: ${escapeMessage(examined.problem)}`];
  return examined.flatMap(templateLines);
}
