import type { TokenRequest } from '../../api/access';

export interface TokenForm {
  name: string;
  org: string;
  kind: 'scopes' | 'pipe';
  scopes: readonly string[];
  recTypes: string;
  lifetime: string;
}

/** What is wrong with the form, by field; nothing when it can be sent. */
export function wrongWith(form: TokenForm): Partial<Record<'name' | 'scopes' | 'recTypes', string>> {
  return {
    ...(!form.name.trim() && { name: 'Give it a name that says who uses it.' }),
    ...(form.kind === 'scopes' && form.scopes.length === 0 && { scopes: 'Choose at least one.' }),
    ...(form.kind === 'pipe' && !form.recTypes.trim() && { recTypes: 'Say which streams it may create objects in.' }),
  };
}

export function tokenRequest(form: TokenForm): TokenRequest {
  return {
    name: form.name.trim(),
    ...(form.org.trim() && { org: form.org.trim() }),
    ...(form.kind === 'pipe'
      ? { recTypes: form.recTypes.split(/[\s,]+/).filter(Boolean) }
      : { scopes: [...form.scopes] }),
    ...(form.lifetime && { lifetime: form.lifetime }),
  };
}
