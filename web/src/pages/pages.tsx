// The one table of pages: what stands in the navigation, and which page a route shows.
import type { ComponentType } from 'react';
import type { IconName } from '../components/Icon';
import type { Route } from '../routing/route';
import { Overview } from './overview/Overview';
import { Audit } from './audit/Audit';
import { Integrations } from './integrations/Integrations';
import { Integration } from './integration/Integration';
import { EditIntegration } from './new-integration/EditIntegration';
import { NewIntegration } from './new-integration/NewIntegration';
import { NotFound } from './NotFound';
import { Orgs } from './orgs/Orgs';
import { Tail } from './tail/Tail';
import { Tokens } from './tokens/Tokens';

export interface PageProps {
  route: Route;
}

export type SectionName = 'overview' | 'integrations' | 'tail' | 'tokens' | 'orgs' | 'audit';

export const SECTIONS: { name: SectionName; title: string; to: string; icon: IconName }[] = [
  { name: 'overview', title: 'Overview', to: '/', icon: 'overview' },
  { name: 'integrations', title: 'Integrations', to: '/integrations', icon: 'integrations' },
  { name: 'tail', title: 'Live tail', to: '/tail', icon: 'tail' },
  { name: 'tokens', title: 'Tokens', to: '/tokens', icon: 'tokens' },
  { name: 'orgs', title: 'Orgs', to: '/orgs', icon: 'orgs' },
  { name: 'audit', title: 'Audit log', to: '/audit', icon: 'audit' },
];

export interface Shown {
  section: SectionName | null;
  Page: ComponentType<PageProps>;
  /** Another key is another page: its state starts afresh. */
  key: string;
}

/** Pages that have no parts. */
const PLAIN: Record<string, Shown> = {
  '': { section: 'overview', Page: Overview, key: 'overview' },
  integrations: { section: 'integrations', Page: Integrations, key: 'integrations' },
  tail: { section: 'tail', Page: Tail, key: 'tail' },
  tokens: { section: 'tokens', Page: Tokens, key: 'tokens' },
  orgs: { section: 'orgs', Page: Orgs, key: 'orgs' },
  audit: { section: 'audit', Page: Audit, key: 'audit' },
};

export function pageOf({ parts }: Route): Shown {
  const [first, second] = parts;
  if (first === 'integrations' && parts.length === 2 && second === 'new')
    return { section: 'integrations', Page: NewIntegration, key: 'new integration' };
  if (first === 'integrations' && parts.length === 3 && parts[2] === 'edit')
    return { section: 'integrations', Page: EditIntegration, key: `edit ${second}` };
  if (first === 'integrations' && parts.length === 2)
    return { section: 'integrations', Page: Integration, key: `integration ${second}` };
  const plain = parts.length < 2 && Object.hasOwn(PLAIN, first ?? '') ? PLAIN[first ?? ''] : undefined;
  return plain ?? { section: null, Page: NotFound, key: 'not-found' };
}
