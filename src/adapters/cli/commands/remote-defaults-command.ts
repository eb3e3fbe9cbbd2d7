import type { RemoteDefaultsDocument } from '../../../domain/records/state-documents.js';
import { settingLines } from '../output/setting-lines.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { printJson } from './state-root.js';
import type { TargetInfoOptions } from './target-info-command.js';
import { loadOrComplain } from './with-pikaci.js';

/** `pikaci remote-defaults`: where jobs would run, and what each value came from. Asks no host. */
export async function remoteDefaultsCommand(
  context: CliContext,
  options: TargetInfoOptions,
): Promise<number> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  const settings = [...loaded.settings];
  const document: RemoteDefaultsDocument = { type: 'remote_defaults', schema_version: 1, settings };
  if (options.json === true) printJson(context, document);
  else context.stdout.write(`${settingLines(settings).join('\n')}\n`);
  return EXIT.passed;
}
