import { err, ok, type Result } from 'neverthrow';
import {
  type TargetConfig,
  type TargetConfigInput,
  targetConfigSchema,
} from '../../domain/target/target-config.js';
import { whyNoKey } from '../../domain/values/proto-key.js';

/** A target by its name in the configuration, or as the caller defines it. */
export interface TargetAsk {
  readonly target: string;
  readonly definition?: TargetConfigInput | undefined;
}

/** The error names the field and says what is wrong there. */
export function findTarget(
  targets: Readonly<Record<string, TargetConfig>>,
  { target, definition }: TargetAsk,
): Result<TargetConfig, { readonly field: string; readonly message: string }> {
  if (definition !== undefined) {
    const unreadable = whyNoKey(definition);
    const parsed = targetConfigSchema.safeParse(definition satisfies TargetConfigInput);
    if (parsed.success && unreadable === null) return ok(parsed.data);
    const issue = unreadable ?? parsed.error?.issues[0];
    const field = ['definition', ...(issue?.path ?? []).map(String)].join('.');
    return err({ field, message: `${field}: ${issue?.message ?? 'is not valid'}` });
  }
  const found = Object.hasOwn(targets, target) ? targets[target] : undefined;
  if (found !== undefined) return ok(found);
  const known = Object.keys(targets).join(', ') || 'no targets';
  const message = `there is no target ${JSON.stringify(target)}; the configuration has ${known}`;
  return err({ field: 'target', message });
}
