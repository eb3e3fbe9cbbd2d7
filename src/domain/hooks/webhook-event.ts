import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { WebhookConfig } from './webhook-config.js';

/** What is to be run: values that git takes, and no text of the forge's. */
export interface WebhookEvent {
  readonly kind: 'push' | 'pull_request';
  /** What the commit is fetched by, in the configured repository. */
  readonly ref: string;
  readonly commit: string;
  /** For the record: the branch, or `pull/12`, so that a fork's `main` is not taken for this repository's. */
  readonly branch: string;
  /** Its author may push to the repository. */
  readonly isOwn: boolean;
}

/** What came in means nothing for this hook, and is no mistake. */
export interface IgnoredEvent {
  readonly ignored: string;
}

const commit = z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const id = z.number().int();
const repository = z.looseObject({ full_name: z.string(), id });
const NO_COMMIT = /^0+$/;

/** Names of branches as git has them (git-check-ref-format), and so nothing that means more than a name to it. */
const branchName = z
  .string()
  .max(255)
  .regex(/^(?![-/.])(?!.*(?:\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)))[^\x00-\x20\x7f~^:?*[\\]+(?<![/.])$/);

const push = z.looseObject({ ref: z.string(), after: commit, repository });
const pullRequest = z.looseObject({
  action: z.string(),
  number: id.positive(),
  pull_request: z.looseObject({
    head: z.looseObject({
      sha: commit,
      ref: z.string().nullish(),
      label: z.string().nullish(),
      repo: repository.nullish(),
    }),
    base: z.looseObject({ ref: z.string() }),
  }),
  repository,
});

const project = z.looseObject({ path_with_namespace: z.string() });
const gitlabPush = z.looseObject({ ref: z.string(), after: commit, project });
const mergeRequest = z.looseObject({
  project,
  object_attributes: z.looseObject({
    iid: id.positive(),
    action: z.string().nullish(),
    oldrev: z.string().nullish(),
    target_branch: z.string(),
    source_project_id: id.nullish(),
    target_project_id: id,
    last_commit: z.looseObject({ id: commit }),
  }),
});

/** What asks for a new run: a request that begins, and one whose commits have changed. */
const ACTIONS = new Set(['opened', 'reopened', 'synchronize', 'synchronized']);

/** What a webhook asks for. `kind` is what the forge calls it in a header. An error names the field. */
export function webhookEvent(
  hook: Pick<WebhookConfig, 'from' | 'repo' | 'branches' | 'on'>,
  kind: string,
  payload: unknown,
): Result<WebhookEvent | IgnoredEvent, string> {
  const found = hook.from === 'gitlab' ? ofGitlab(hook, kind, payload) : ofGithub(hook, kind, payload);
  return found.map((event) => {
    if ('ignored' in event) return event;
    const { base, ...wanted } = event;
    if (!hook.on.includes(event.kind)) return { ignored: `"on" of this hook has no ${event.kind}` };
    if (hook.branches !== undefined && !hook.branches.some((pattern) => matches(pattern, base)))
      return { ignored: `"branches" of this hook has no ${JSON.stringify(base)}` };
    return wanted;
  });
}

/** `base` is the branch that it is about. */
type Found = Result<(WebhookEvent & { readonly base: string }) | IgnoredEvent, string>;
type Hook = Pick<WebhookConfig, 'from' | 'repo'>;

function ofGithub(hook: Hook, kind: string, payload: unknown): Found {
  if (kind === 'push') {
    const read = push.safeParse(payload);
    if (!read.success) return err(problem(read.error));
    return pushed(hook, read.data.repository.full_name, read.data);
  }
  if (kind !== 'pull_request' && kind !== 'pull_request_sync')
    return ok({ ignored: `${kind} starts nothing` });
  const read = pullRequest.safeParse(payload);
  if (!read.success) return err(problem(read.error));
  const { action, number, pull_request: request, repository: at } = read.data;
  if (!isSameName(at.full_name, hook.repo)) return err(elsewhere(hook));
  if (!ACTIONS.has(action))
    return ok({ ignored: `${JSON.stringify(action)} of a pull request starts nothing` });
  return ok({
    kind: 'pull_request',
    ref: `refs/pull/${number}/head`,
    commit: request.head.sha,
    branch: `pull/${number}`,
    base: request.base.ref,
    isOwn: request.head.repo?.id === at.id && (hook.from === 'github' || isOfBranch(request.head)),
  });
}

/**
 * Who may read a repository of Gitea or Forgejo may push to `refs/for/main` as well (AGit): the request is then said to be from the repository
 * itself, by a ref that is no branch and without a label (`services/convert/pull.go`).
 */
function isOfBranch({
  ref,
  label,
}: {
  readonly ref?: string | null | undefined;
  readonly label?: string | null | undefined;
}): boolean {
  return ref != null && !ref.startsWith('refs/') && label !== '';
}

function ofGitlab(hook: Hook, kind: string, payload: unknown): Found {
  if (kind === 'Push Hook') {
    const read = gitlabPush.safeParse(payload);
    if (!read.success) return err(problem(read.error));
    return pushed(hook, read.data.project.path_with_namespace, read.data);
  }
  if (kind !== 'Merge Request Hook') return ok({ ignored: `${kind} starts nothing` });
  const read = mergeRequest.safeParse(payload);
  if (!read.success) return err(problem(read.error));
  const { project: at, object_attributes: request } = read.data;
  if (!isSameName(at.path_with_namespace, hook.repo)) return err(elsewhere(hook));
  const { action, iid } = request;
  const hasCommits =
    action === 'open' || action === 'reopen' || (action === 'update' && request.oldrev != null);
  if (!hasCommits)
    return ok({ ignored: `${JSON.stringify(action ?? '')} of a merge request starts nothing` });
  return ok({
    kind: 'pull_request',
    ref: `refs/merge-requests/${iid}/head`,
    commit: request.last_commit.id,
    branch: `pull/${iid}`,
    base: request.target_branch,
    isOwn: request.source_project_id === request.target_project_id,
  });
}

function pushed(
  hook: Hook,
  repo: string,
  { ref, after }: { readonly ref: string; readonly after: string },
): Found {
  if (!isSameName(repo, hook.repo)) return err(elsewhere(hook));
  if (!ref.startsWith('refs/heads/')) return ok({ ignored: 'what is no branch starts nothing' });
  if (NO_COMMIT.test(after)) return ok({ ignored: 'a branch that was deleted starts nothing' });
  const branch = branchName.safeParse(ref.slice('refs/heads/'.length));
  if (!branch.success) return err('ref: is no name of a branch');
  const { data } = branch;
  return ok({
    kind: 'push',
    ref: `refs/heads/${data}`,
    commit: after,
    branch: data,
    base: data,
    isOwn: true,
  });
}

const elsewhere = ({ repo }: Hook) => `repository: is not ${repo}, which this hook is for`;
/** Forges take the case of names for nothing. */
const isSameName = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

function problem({ issues: [issue] }: z.ZodError): string {
  return `${issue?.path.map(String).join('.') || 'the payload'}: ${issue?.message ?? 'is not valid'}`;
}

/** `*` stands for any text. */
function matches(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('[^]*')}$`).test(name);
}
