import type { RunStateFault } from '../../../application/records/run-state-fault.js';

/** Why a request is not answered with what it asked for; `kind` and `message` are the body's `error`. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 413 | 500 | 503;
  readonly kind: string;
  readonly message: string;
}

export function refusalOf(fault: RunStateFault): Refusal {
  const { kind, path, message } = fault;
  // Where the state root is concerns nobody who asks for a run that is not there.
  const shown = kind === 'no_such_run' ? message.replace(`: ${path} does not exist`, '') : message;
  return { status: statusOf(kind), kind, message: shown };
}

function statusOf(kind: RunStateFault['kind']): Refusal['status'] {
  switch (kind) {
    case 'invalid_id':
    case 'invalid_option':
      return 400;
    case 'no_such_run':
    case 'no_such_job':
    case 'no_such_step':
    case 'no_such_artifact':
      return 404;
    case 'aborted':
      return 503;
    case 'damaged':
    case 'unreadable':
      return 500;
  }
}

export function invalidRequest(message: string): Refusal {
  return { status: 400, kind: 'invalid_request', message };
}

export function notFound(message: string): Refusal {
  return { status: 404, kind: 'not_found', message };
}

export function refusalJson({ status, kind, message }: Refusal): Response {
  return Response.json({ error: { kind, message } }, { status });
}
