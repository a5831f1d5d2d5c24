// What the API answers, member for member as docs/management-api.md has it. Sequences are opaque strings.

export const STATES = ['failing', 'blocked', 'throttled', 'paused', 'running'] as const;
export type State = (typeof STATES)[number];

export const ERROR_CLASSES = [
  'transient',
  'throttled',
  'credentials',
  'missing_target',
  'too_large',
  'rejected',
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

export const DESTINATION_TYPES = ['iot_hub', 'event_hubs', 'kinesis', 'sqs', 'pubsub', 'webhook', 'file'] as const;

export interface Status {
  version: string;
  uptime_seconds: number;
  head: string;
  accepted: number;
  delivered: number;
  store: { bytes: number; disk_free_bytes: number; oldest_sequence: string };
  integrations: Record<State, number>;
  accepted_per_second: number;
  delivered_per_second: number;
}

export interface DeliveryError {
  class: ErrorClass;
  code: string;
  message: string;
  target: string;
  at: string;
  next_attempt_at: string | null;
  hint: string;
}

export interface TargetError extends DeliveryError {
  since: string;
  pending: number;
}

export interface Stats {
  head: string;
  position: string;
  lag_events: number;
  lag_seconds: number;
  in_flight: number;
  matched: number;
  delivered: number;
  dead_lettered: number;
  discarded: number;
  lost: number;
  pending: number;
  retries: number;
  duplicates_possible: number;
  bytes: number;
  redelivered: number;
  delivered_per_second: number;
  latency_seconds: number | null;
  last_delivery: string | null;
  last_error: DeliveryError | null;
  targets: Record<string, TargetError>;
  targets_left_out: number;
  breaker: 'closed' | 'open' | 'half_open';
  backlog: { bytes: number; of_hard_limit: number };
  lost_ranges?: [string, string][];
}

export interface Replay {
  id: string;
  from: string;
  to: string;
  position: string;
  delivered: number;
  refused: number;
  running: boolean;
  ended: string;
}

export interface Settings {
  id: string;
  org: string;
  filter?: { recTypes?: string[]; event_types?: string[]; obj_types?: string[]; tags?: string[]; orgs?: string[] };
  destination: { type: string; [setting: string]: unknown };
  [setting: string]: unknown;
}

export interface Integration extends Settings {
  source: 'file' | 'api';
  state: State;
  reason: string;
  stats: Stats;
  replay?: Replay;
}

export interface Page<Item> {
  items: Item[];
  next: string | null;
}

/** What a list shows of an integration (`details=false`). */
export interface LightIntegration {
  id: string;
  org: string;
  type: string;
  source: 'file' | 'api';
  state: State;
  reason: string;
  lag_events: number;
  lag_seconds: number;
  delivered: number;
  delivered_per_second: number;
  dead_lettered: number;
  last_delivery: string | null;
  last_error: Pick<DeliveryError, 'class' | 'code' | 'message' | 'hint' | 'target' | 'at'> | null;
}

export interface IntegrationPage extends Page<LightIntegration> {
  /** Of the selection, on all pages. */
  total: number;
  /** Of the selection with any state. */
  states: Record<State, number>;
}

export interface DeadLetter {
  sequence: string;
  class: ErrorClass;
  code: string;
  message: string;
  target: string;
  at: string;
  attempts: number;
  event_time: string;
  id?: string;
  recType?: string;
  event_type?: string;
  obj_type?: string;
}

export interface RedeliverOutcome {
  redelivered: number;
  left: number;
  complete: boolean;
  error: DeliveryError | null;
}

export interface ProbeStep {
  name: string;
  outcome: 'ok' | 'warning' | 'failed' | 'skipped';
  detail: string;
  hint: string;
}

export interface ProbeReport {
  ok: boolean;
  steps: ProbeStep[];
}

export interface SampleOutcome {
  accepted: boolean;
  error: DeliveryError | null;
}

/** One dead letter with what sending it again would send. */
export interface DeadLetterWithPayload extends DeadLetter {
  /** As it is stored: JSON text, not to be read and written again. */
  envelope: string;
  payload: EventPreview;
}

export interface EventPreview {
  body: string;
  body_bytes: number;
  content_type: string;
  target: string;
  key: string;
  metadata: { name: string; value: string }[];
  size: number;
}
