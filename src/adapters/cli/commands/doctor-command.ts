import type { DoctorCheck } from '../../../application/doctor/doctor-report.js';
import type { DoctorDocument } from '../../../domain/records/doctor-document.js';
import { type Colours, coloursFor } from '../output/colours.js';
import { escapeLine, escapeMessage } from '../output/escape-control.js';
import { settingLines } from '../output/setting-lines.js';
import type { CliContext } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { sayWhatStays } from '../session/say-what-stays.js';
import { printJson } from './state-root.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from './with-pikaci.js';

export interface DoctorOptions extends HostOptions {
  readonly output: 'human' | 'json';
  readonly machine?: boolean;
}

/** `pikaci doctor`: what a job will need, and what to do about what is wrong. Exit status 3 when a check failed. */
export async function doctorCommand(context: CliContext, options: DoctorOptions): Promise<number> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, async (pikaci) => {
    const { signal } = context.interrupts;
    const machine = options.machine === true;
    const left = () =>
      machine
        ? [
            `a machine that was made to look at may stay on ${pikaci.host} until its lease ends; to remove it then:`,
            `pikaci gc --remote${withOptions(options)}`,
          ]
        : [`a file of a check may stay in the work directory on ${pikaci.host}`];
    const now = machine ? 'what was made is being removed' : 'the checks are being ended';
    const report = await sayWhatStays(context, { now, left }, () => pikaci.doctor({ signal, machine }));
    if (options.output === 'json') {
      const document: DoctorDocument = {
        type: 'doctor_report',
        schema_version: 1,
        host: report.host,
        settings: [...loaded.settings],
        ok: report.ok,
        checks: report.checks.map((check) => ({ ...check })),
      };
      printJson(context, document);
    } else {
      const { env, isTerminal } = context.input;
      const colours = coloursFor({ env, isTerminal: isTerminal.stdout });
      const lines = [
        escapeLine(report.host),
        ...settingLines(loaded.settings).map((line) => colours.dim(line)),
        ...report.checks.flatMap((check) => checkLines(check, colours, context.where)),
      ];
      context.stdout.write(`${lines.join('\n')}\n`);
    }
    if (signal.aborted) return EXIT.cancelled;
    return report.ok ? EXIT.passed : EXIT.systemFailure;
  });
}

function checkLines(check: DoctorCheck, c: Colours, where: string): string[] {
  const mark = { ok: c.green('✓'), warning: c.yellow('!'), failed: c.red('✗'), skipped: c.dim('–') }[
    check.status
  ];
  const lines = [`${mark} ${check.name.replaceAll('_', ' ')}: ${escapeMessage(check.detail, '    ')}`];
  const { remedy } = check;
  if (remedy === null) return lines;
  const command = /^pikaci [^\n]+$/.test(remedy) ? `${remedy}${where}` : remedy;
  lines.push(`    ${c.cyan('→')} ${escapeMessage(command, '      ')}`);
  return lines;
}
