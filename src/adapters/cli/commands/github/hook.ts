import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { LoadedConfig } from '../../config/load-config.js';
import type { CliContext } from '../../session/cli-context.js';

/** What a call of the runner works with. */
export interface Hook {
  readonly context: CliContext;
  readonly loaded: LoadedConfig;
  readonly pikaci: Pikaci;
}
