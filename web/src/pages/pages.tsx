// The one table of pages: what stands in the navigation, and which page a route shows.
import type { ComponentType } from 'react';
import type { IconName } from '../components/Icon';
import type { Route } from '../routing/route';
import { Overview } from './overview/Overview';
import { Integrations } from './integrations/Integrations';
import { Integration } from './integration/Integration';
import { NotFound } from './NotFound';

export interface PageProps {
  route: Route;
}

export type SectionName = 'overview' | 'integrations';

export const SECTIONS: { name: SectionName; title: string; to: string; icon: IconName }[] = [
  { name: 'overview', title: 'Overview', to: '/', icon: 'overview' },
  { name: 'integrations', title: 'Integrations', to: '/integrations', icon: 'integrations' },
];

export interface Shown {
  section: SectionName | null;
  Page: ComponentType<PageProps>;
  /** Another key is another page: its state starts afresh. */
  key: string;
}

export function pageOf({ parts }: Route): Shown {
  const [first, second] = parts;
  if (first === undefined) return { section: 'overview', Page: Overview, key: 'overview' };
  if (first === 'integrations' && second === undefined)
    return { section: 'integrations', Page: Integrations, key: 'integrations' };
  if (first === 'integrations' && parts.length === 2)
    return { section: 'integrations', Page: Integration, key: `integration ${second}` };
  return { section: null, Page: NotFound, key: 'not-found' };
}
