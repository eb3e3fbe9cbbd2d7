import type { ListedTemplate } from '../../../../application/template/host-templates.js';
import type { TemplateListDocument } from '../../../../domain/records/template-documents.js';
import { inColumns } from '../../output/columns.js';
import { formatBytes } from '../../output/quantities.js';
import { SHORT_KEY } from '../../output/template-lines.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import { printJson } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';

export interface TemplateListOptions extends HostOptions {
  readonly json?: boolean;
}

/** `pikaci template list`: the templates on the host, whoever made them. */
export async function templateListCommand(
  context: CliContext,
  options: TemplateListOptions,
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const listed = await pikaci.listTemplates({ signal: context.interrupts.signal });
    if (listed.isErr()) return complainOfFault(context, listed.error);
    if (options.json === true) printJson(context, documentOf(pikaci.host, listed.value));
    else context.stdout.write(table(listed.value));
    return EXIT.passed;
  });
}

function documentOf(host: string, templates: readonly ListedTemplate[]): TemplateListDocument {
  return {
    type: 'template_list',
    schema_version: 1,
    host,
    templates: templates.map(({ key, name, instance, image, bytes, madeAt, lastUsedAt, inUse }) => ({
      key,
      name,
      instance_name: instance,
      image: { ...image },
      bytes,
      made_at: madeAt,
      last_used_at: lastUsedAt,
      in_use: inUse,
    })),
  };
}

function table(templates: readonly ListedTemplate[]): string {
  if (templates.length === 0) return 'the host has no templates\n';
  const rows = templates.map(({ key, name, image, bytes, madeAt, lastUsedAt, inUse }) => [
    name,
    key.slice(0, SHORT_KEY),
    `${image.alias} ${image.fingerprint.slice(0, SHORT_KEY)}`,
    bytes === null ? '-' : formatBytes(bytes),
    madeAt,
    lastUsedAt,
    inUse ? 'yes' : 'no',
  ]);
  return `${inColumns([['NAME', 'KEY', 'IMAGE', 'SIZE', 'MADE', 'LAST USED', 'IN USE'], ...rows]).join('\n')}\n`;
}
