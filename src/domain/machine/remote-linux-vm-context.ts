import { incusInstanceName } from './incus-instance-name.js';
import { type RemoteLayout, type RemoteLayoutInput, remoteLayout } from './remote-layout.js';

/** What both backends have. A function that needs no more than this takes no more than this. */
export interface RemoteLinuxVmSharedContext extends RemoteLayout {
  readonly runId: string;
  readonly jobId: string;
  readonly remoteHost: string;
}

/** The place of a job that runs in a microVM. */
export interface RemoteMicrovmContext {
  readonly backend: 'microvm';
  readonly shared: RemoteLinuxVmSharedContext;
  readonly remoteRuntimeDir: string;
  /** Points at the runner directory (`bin/microvm-run`); replaced atomically. */
  readonly remoteRuntimeLink: string;
}

/** The place of a job that runs in an instance of Incus. */
export interface RemoteIncusContext {
  readonly backend: 'incus';
  readonly shared: RemoteLinuxVmSharedContext;
  readonly incusProject: string;
  readonly incusProfile: string;
  readonly incusImageAlias: string;
  readonly incusInstanceName: string;
}

/** A job's place on its host: one of two variants, told apart by `backend`. */
export type RemoteLinuxVmContext = RemoteMicrovmContext | RemoteIncusContext;
/** The kinds of machine: `incus` and `microvm`. */
export type RemoteLinuxVmBackend = RemoteLinuxVmContext['backend'];

interface ContextInput extends RemoteLayoutInput {
  readonly remoteHost: string;
}
/** What the place of a job in a microVM follows from. */
export interface MicrovmContextInput extends ContextInput {
  readonly backend: 'microvm';
}
/** What the place of a job in an instance of Incus follows from. */
export interface IncusContextInput extends ContextInput {
  readonly backend: 'incus';
  readonly incusProject: string;
  readonly incusProfile: string;
  readonly incusImageAlias: string;
  /** Where it is not what follows from the ids. */
  readonly instanceName?: string;
}

/** Builds the shared part first, then wraps it in the variant that `backend` names. */
export function remoteLinuxVmContext(input: IncusContextInput): RemoteIncusContext;
export function remoteLinuxVmContext(input: MicrovmContextInput): RemoteMicrovmContext;
export function remoteLinuxVmContext(input: IncusContextInput | MicrovmContextInput): RemoteLinuxVmContext;
export function remoteLinuxVmContext(input: IncusContextInput | MicrovmContextInput): RemoteLinuxVmContext {
  const shared: RemoteLinuxVmSharedContext = {
    runId: input.runId,
    jobId: input.jobId,
    remoteHost: input.remoteHost,
    ...remoteLayout(input),
  };
  switch (input.backend) {
    case 'incus':
      return {
        backend: 'incus',
        shared,
        incusProject: input.incusProject,
        incusProfile: input.incusProfile,
        incusImageAlias: input.incusImageAlias,
        incusInstanceName: input.instanceName ?? incusInstanceName(input.runId, input.jobId),
      };
    case 'microvm':
      return {
        backend: 'microvm',
        shared,
        remoteRuntimeDir: `${shared.remoteJobDir}/vm`,
        remoteRuntimeLink: `${shared.remoteJobDir}/vm/runner`,
      };
  }
}

/** The kind of machine that a place is for. */
export function contextBackend(context: RemoteLinuxVmContext): RemoteLinuxVmBackend {
  return context.backend;
}

/** The part of a place that both kinds of machine have. */
export function contextShared(context: RemoteLinuxVmContext): RemoteLinuxVmSharedContext {
  return context.shared;
}
