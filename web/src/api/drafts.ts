// Settings that are not saved yet: recognised, checked, tested, looked at (docs/management-api.md, "Before it is saved").
import { post } from './client';
import type { ErrorClass, ProbeReport, SampleOutcome } from './types';

export interface Fact {
  name: string;
  value: string;
}

/** What is wrong with one member of the settings, by its path: `destination.region`. */
export interface DraftProblem {
  field: string;
  message: string;
  hint: string;
}

export interface Recognised {
  type: string;
  artefact: string;
  /** Which setting takes the pasted text: `destination.credentials.csv`. */
  member: string;
  facts: Fact[];
  needs: DraftProblem[];
}

export interface Refused {
  artefact: string;
  message: string;
  hint: string;
}

export interface Recognition {
  recognised: Recognised[];
  refused: Refused[];
}

export interface EventFailure {
  class: ErrorClass;
  code: string;
  message: string;
  hint: string;
}

export interface DraftCheck {
  ok: boolean;
  type: string | null;
  facts: Fact[];
  problems: DraftProblem[];
  settings: { org: string; [setting: string]: unknown };
  targets: { recType: string; target: string | null; error: EventFailure | null }[];
  suggested_redact: { path: string; why: string }[];
}

export interface Preview {
  body: string;
  body_bytes: number;
  content_type: string;
  target: string;
  key: string;
  metadata: Fact[];
  addressing: Fact[];
  error: EventFailure | null;
  event: { sequence: string; time: string; id: string; recType: string; event_type: string; obj_type: string };
  redacted: { path: string; present: boolean }[];
}

export interface RecentRecType {
  recType: string;
  events: number;
  matching: number;
  last_sequence: string;
  last_time: string;
}

export interface Recent {
  events: number;
  matching: number;
  recTypes: RecentRecType[];
}

export type DraftSettings = Record<string, unknown>;

/** A draft; with `id`, of new settings for that integration, whose secrets are kept where they are left out. */
export interface Draft {
  settings: DraftSettings;
  id?: string;
}

export const recognise = (text: string, signal?: AbortSignal) =>
  post<Recognition>('/v1/drafts/recognise', { text }, { signal });
export const checkDraft = (draft: Draft, signal?: AbortSignal) =>
  post<DraftCheck>('/v1/drafts/check', draft, { signal });
export const testDraft = (draft: Draft) => post<ProbeReport>('/v1/drafts/test', draft);
export const sampleDraft = (draft: Draft) => post<SampleOutcome>('/v1/drafts/sample', draft);
export const previewDraft = (draft: Draft & { sequence?: string }, signal?: AbortSignal) =>
  post<Preview>('/v1/drafts/preview', draft, { signal });
export const recentRecTypes = (draft: Draft, signal?: AbortSignal) =>
  post<Recent>('/v1/drafts/recent', draft, { signal });
