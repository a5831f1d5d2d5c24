// The calls on orgs, tokens and the audit log (docs/access.md).
import { call, get, path, post } from './client';
import type { Page } from './types';

export const SCOPES = [
  ['SHARE:READ', 'read objects, and follow the live tail'],
  ['SHARE:CREATE', 'create objects'],
  ['SHARE:UPDATE', 'update objects'],
  ['SHARE:DELETE', 'delete objects'],
  ['INTEGRATION:READ', 'look at integrations'],
  ['INTEGRATION:WRITE', 'make, change and steer integrations'],
  ['METRICS:READ', 'read the metrics from another machine'],
  ['ALL:ALL', 'all of these, and manage the org’s tokens'],
] as const;

export interface Token {
  id: string;
  name: string;
  org: string;
  operator: boolean;
  pipe: boolean;
  scopes: string[];
  recTypes?: string[];
  source: 'file' | 'environment' | 'start' | 'api';
  created: string | null;
  created_by: string | null;
  expires: string | null;
  expired: boolean;
  previous_valid_until: string | null;
  last_used: string | null;
}

/** The one answer that has the token's text. */
export interface IssuedToken extends Token {
  token: string;
}

export interface TokenRequest {
  name: string;
  org?: string;
  scopes?: string[];
  recTypes?: string[];
  lifetime?: string;
}

export const listTokens = (after: string, signal?: AbortSignal) =>
  get<Page<Token>>('/v1/tokens', { query: { limit: 200, after }, signal });
export const createToken = (wanted: TokenRequest) => post<IssuedToken>('/v1/tokens', wanted);
export const rotateToken = (id: string, overlap: string) =>
  post<IssuedToken>(path`/v1/tokens/${id}/rotate`, overlap ? { overlap } : {});
export const revokeToken = (id: string) => call<void>('DELETE', path`/v1/tokens/${id}`);

export interface Org {
  id: string;
  name: string;
  limits: { requests_per_second?: number; request_burst?: number; backlog?: string | number };
  source: 'file' | 'api' | 'none';
  created: string | null;
  tokens: number;
  integrations: number;
}

export const listOrgs = (after: string, signal?: AbortSignal) =>
  get<Page<Org>>('/v1/orgs', { query: { limit: 200, after }, signal });
export const createOrg = (org: { id: string; name?: string }) => post<Org>('/v1/orgs', org);
export const deleteOrg = (id: string) => call<void>('DELETE', path`/v1/orgs/${id}`);

export interface AuditEntry {
  id: string;
  time: string;
  token: { id: string; name: string; operator: boolean };
  org: string | null;
  remote_address: string | null;
  action: string;
  target: string;
  status: number;
  code: string | null;
  members: string[];
}

export const listAudit = (after: string, signal?: AbortSignal) =>
  get<Page<AuditEntry>>('/v1/audit', { query: { limit: 100, after }, signal });
