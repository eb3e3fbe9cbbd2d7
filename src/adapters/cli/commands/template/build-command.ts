import type { BuiltTemplate } from '../../../../application/target/target-templates.js';
import type { PikaciConfig } from '../../../../domain/config/config.js';
import type { TemplateBuildDocument } from '../../../../domain/records/template-documents.js';
import { escapeLine, escapeMessage } from '../../output/escape-control.js';
import { LogWriter, logForm } from '../../output/log-writer.js';
import { formatDuration } from '../../output/quantities.js';
import { SHORT_KEY } from '../../output/template-lines.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { sayWhatStays } from '../../session/say-what-stays.js';
import type { RawOption } from '../log-output.js';
import { complainOfFault } from '../machine/machine-session.js';
import { printJson } from '../state-root.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from '../with-pikaci.js';

export interface TemplateBuildOptions extends HostOptions, RawOption {
  readonly target?: string;
  readonly json?: boolean;
}

type Built = TemplateBuildDocument['templates'][number];

/** `pikaci template build`: makes what is missing, and says what was there. What setups say goes to standard error, led by the template's name. */
export async function templateBuildCommand(
  context: CliContext,
  names: readonly string[],
  options: TemplateBuildOptions,
): Promise<number> {
  const loaded = await loadOrComplain(context, options, { needsFile: true, sendsWorkspace: true });
  if (loaded === null) return EXIT.usage;
  const wanted = wantedOf(loaded.config.targets, names, options.target);
  if (typeof wanted === 'string') {
    complain(context, wanted);
    return EXIT.usage;
  }
  const { clock, input } = { clock: context.input.clock, input: context.input };
  const { stderr, stdout, interrupts } = context;
  const form = logForm({ isTerminal: input.isTerminal.stderr, raw: options.raw === true });
  const log = new LogWriter(stderr, { prefixed: true, form });
  const left = () => [
    'a machine in which a template is made may stay until its lease ends; to remove it then:',
    `pikaci gc --remote${withOptions(options)}`,
  ];
  return sayWhatStays(context, { now: 'the machine of the template is being removed', left }, () =>
    withPikaci(context, loaded, async (pikaci) => {
      const built: Built[] = [];
      for (const { target, templates } of wanted) {
        let began = clock.monotonic();
        const onBuilt = (one: BuiltTemplate) => {
          const ms = clock.monotonic() - began;
          began = clock.monotonic();
          log.end(one.name);
          built.push({ target_id: target, ...recordOf(one), duration_ms: Math.round(ms) });
          if (options.json !== true) stdout.write(lineOf(one, ms));
        };
        const ended = await pikaci.buildTemplates({
          target,
          names: templates,
          workspace: loaded.workspace,
          signal: interrupts.signal,
          onLog: (name, data) => log.write(name, data),
          onQueued: (name, why) => stderr.write(`${escapeLine(name)}: queued: ${escapeMessage(why)}\n`),
          onBuilt,
        });
        log.endAll();
        if (ended.isOk()) continue;
        if (options.json === true) printJson(context, documentOf(built, ended.error.message));
        return complainOfFault(context, ended.error);
      }
      if (options.json === true) printJson(context, documentOf(built, null));
      return EXIT.passed;
    }),
  );
}

/** By target; a sentence where nothing is meant. Without a target, every one that has templates of these names. */
function wantedOf(targets: PikaciConfig['targets'], names: readonly string[], target: string | undefined) {
  if (target !== undefined && !Object.hasOwn(targets, target))
    return `there is no target "${target}"; the configuration has ${Object.keys(targets).join(', ') || 'none'}`;
  const all = Object.entries(targets).filter(([id]) => target === undefined || id === target);
  const known = new Set(all.flatMap(([, { templates }]) => Object.keys(templates)));
  const missing = names.find((name) => !known.has(name));
  if (missing !== undefined)
    return `there is no template "${missing}"; the configuration has ${[...known].join(', ') || 'none'}`;
  if (known.size === 0) return 'there are no templates in the configuration';
  return all.flatMap(([id, { templates }]) => {
    const own = Object.keys(templates).filter((name) => names.length === 0 || names.includes(name));
    return own.length === 0 ? [] : [{ target: id, templates: own }];
  });
}

function recordOf({ name, key, instance, cached }: BuiltTemplate) {
  return { name, key, instance_name: instance, cached };
}

function lineOf({ name, key, instance, cached }: BuiltTemplate, ms: number): string {
  const what = `(${key.slice(0, SHORT_KEY)}, ${instance})`;
  return cached ? `${name} was there ${what}\n` : `made ${name} ${what} in ${formatDuration(ms)}\n`;
}

function documentOf(templates: Built[], problem: string | null): TemplateBuildDocument {
  return { type: 'template_build', schema_version: 1, templates, problem };
}
