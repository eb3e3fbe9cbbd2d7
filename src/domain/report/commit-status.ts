import type { RunJobStatus } from '../events/run-status.js';
import type { ReportConfig } from './report-config.js';

/** How a job of a run stands, for whoever looks at its commit. */
export interface CommitStatus {
  readonly runId: string;
  readonly jobId: string;
  readonly status: RunJobStatus;
  /** Why, when it did not pass. */
  readonly message: string;
  /** Skipped because the filters of its target match nothing that has changed. */
  readonly isFilteredOut: boolean;
  /** Its failure does not count. */
  readonly allowFailure?: boolean;
  /** Skipped because its `when` did not apply. */
  readonly notNeeded?: boolean;
}

/** A request to a forge; the token is in its headers. */
export interface StatusRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type State = 'pending' | 'running' | 'passed' | 'failed' | 'cancelled' | 'nothing_to_do';

type Words = Readonly<Record<State, string>>;

/** GitHub: "Create a commit status"; Forgejo has them from there (`CreateStatusOption`). */
const OF_GITHUB: Words = {
  pending: 'pending',
  running: 'pending',
  passed: 'success',
  failed: 'failure',
  cancelled: 'error',
  nothing_to_do: 'success',
};

/** GitLab: "Set commit pipeline status". */
const OF_GITLAB: Words = {
  pending: 'pending',
  running: 'running',
  passed: 'success',
  failed: 'failed',
  cancelled: 'canceled',
  nothing_to_do: 'skipped',
};

/** In characters: GitHub takes 140 of a description, the others more. */
const LONGEST_DESCRIPTION = 140;

/**
 * What is skipped because another failed has not passed, and is told as failed: nobody must take it for green. A failure that is allowed must
 * not stand in the way of the commit; its description says what it is.
 */
function stateOf({ status, isFilteredOut, allowFailure, notNeeded }: CommitStatus): State {
  switch (status) {
    case 'pending':
      return 'pending';
    case 'running':
    case 'detached':
      return 'running';
    case 'passed':
      return 'passed';
    case 'cancelled':
    case 'interrupted':
      return 'cancelled';
    case 'skipped':
      return isFilteredOut || notNeeded === true ? 'nothing_to_do' : 'failed';
    case 'failed':
      return allowFailure === true ? 'passed' : 'failed';
  }
}

/** Of the commit with this hash. */
export function statusRequest(
  report: ReportConfig,
  { commit, token }: { readonly commit: string; readonly token: string },
  status: CommitStatus,
): StatusRequest {
  const { to, url, repo, context, pages } = report;
  const name = `${context}/${status.jobId}`;
  const page = pages === undefined ? {} : { target_url: `${pages}/runs/${encodeURIComponent(status.runId)}` };
  const described = {
    state: (to === 'gitlab' ? OF_GITLAB : OF_GITHUB)[stateOf(status)],
    description: shortened(descriptionOf(status)),
    ...page,
  };
  const headers = { 'content-type': 'application/json', 'user-agent': 'pikaci' };
  if (to === 'gitlab')
    return {
      url: `${url}/projects/${encodeURIComponent(repo)}/statuses/${commit}`,
      headers: { ...headers, 'private-token': token },
      body: JSON.stringify({ ...described, name }),
    };
  const accept = to === 'github' ? 'application/vnd.github+json' : 'application/json';
  return {
    url: `${url}/repos/${repo}/statuses/${commit}`,
    headers: { ...headers, accept, authorization: `${to === 'github' ? 'Bearer' : 'token'} ${token}` },
    body: JSON.stringify({ ...described, context: name }),
  };
}

function descriptionOf({ status: is, message, allowFailure }: CommitStatus): string {
  const status = is === 'failed' && allowFailure === true ? 'failed, which is allowed' : is;
  return message === '' ? status : `${status}: ${message.replaceAll(/\s+/g, ' ')}`;
}

function shortened(text: string): string {
  const characters = [...text];
  if (characters.length <= LONGEST_DESCRIPTION) return text;
  return `${characters.slice(0, LONGEST_DESCRIPTION - 1).join('')}…`;
}

/** What an answer means. GitLab refuses to be told once more what it knows. */
export function verdictOf(
  to: ReportConfig['to'],
  { status, text }: { readonly status: number; readonly text: string },
): 'taken' | 'again' | 'refused' {
  if (status >= 200 && status < 300) return 'taken';
  if (to === 'gitlab' && status === 400 && text.includes('Cannot transition status')) return 'taken';
  return status === 408 || status === 429 || status >= 500 ? 'again' : 'refused';
}
