// The calls on integrations, each in one line.
import { type CallOptions, call, get, path, post } from './client';
import { session } from './session';
import type {
  DeadLetter,
  DeadLetterWithPayload,
  Integration,
  IntegrationPage,
  Page,
  ProbeReport,
  RedeliverOutcome,
  Replay,
  SampleOutcome,
} from './types';

export interface IntegrationFilter {
  q?: string;
  /** One state, or several with commas. */
  state?: string;
  type?: string;
  sort?: string;
}

export const listIntegrations = (filter: IntegrationFilter, after?: string, limit = 100, signal?: AbortSignal) =>
  get<IntegrationPage>('/v1/integrations', {
    // The operator's token sees every org's: an org that was chosen narrows it down.
    query: { details: 'false', limit, after, org: session.current()?.org, ...filter },
    signal,
  });

export const readIntegration = (id: string, signal?: AbortSignal) =>
  call<Integration>('GET', path`/v1/integrations/${id}`, { signal });
export const changeIntegration = (id: string, patch: object, etag: string | null) =>
  call<Integration>('PATCH', path`/v1/integrations/${id}`, {
    body: patch,
    ifMatch: etag,
    contentType: 'application/merge-patch+json',
  });
export const deleteIntegration = (id: string) => call<void>('DELETE', path`/v1/integrations/${id}`);

export const pauseIntegration = (id: string) => post<unknown>(path`/v1/integrations/${id}/pause`);
export const resumeIntegration = (id: string) => post<unknown>(path`/v1/integrations/${id}/resume`);
export const testIntegration = (id: string) => post<ProbeReport>(path`/v1/integrations/${id}/test`);
export const sendSample = (id: string) => post<SampleOutcome>(path`/v1/integrations/${id}/sample`);
export const startReplay = (id: string, range: { from: string; to?: string }) =>
  post<Replay>(path`/v1/integrations/${id}/replay`, range);

/** Which dead letters: these members are also what redeliver and discard take. */
export interface DeadLetterFilter {
  recType?: string;
  class?: string;
  code?: string;
  target?: string;
  key?: string;
}
export type DeadLetterSelection = { all: true } | { sequences: string[] } | DeadLetterFilter;

export const listDeadLetters = (id: string, filter: DeadLetterFilter, after?: string, signal?: AbortSignal) =>
  get<Page<DeadLetter>>(path`/v1/integrations/${id}/dead-letters`, {
    query: { ...filter, limit: 20, after } as CallOptions['query'],
    signal,
  });
export const readDeadLetter = (id: string, sequence: string, signal?: AbortSignal) =>
  get<DeadLetterWithPayload>(path`/v1/integrations/${id}/dead-letters/${sequence}`, { signal });
export const redeliver = (id: string, selection: DeadLetterSelection) =>
  post<RedeliverOutcome>(path`/v1/integrations/${id}/dead-letters/redeliver`, selection);
export const discard = (id: string, selection: DeadLetterSelection) =>
  post<{ discarded: number }>(path`/v1/integrations/${id}/dead-letters/discard`, selection);
