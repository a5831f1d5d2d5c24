// The one table of pages: what stands in the navigation, and which page a route shows.
import type { ComponentType } from 'react';
import type { IconName } from '../components/Icon';
import type { Route } from '../routing/route';
import { Overview } from './overview/Overview';
import { NotFound } from './NotFound';

export interface PageProps {
  route: Route;
}

export type SectionName = 'overview';

export const SECTIONS: { name: SectionName; title: string; to: string; icon: IconName }[] = [
  { name: 'overview', title: 'Overview', to: '/', icon: 'overview' },
];

export interface Shown {
  section: SectionName | null;
  Page: ComponentType<PageProps>;
  /** Another key is another page: its state starts afresh. */
  key: string;
}

export function pageOf({ parts }: Route): Shown {
  const [first] = parts;
  if (first === undefined) return { section: 'overview', Page: Overview, key: 'overview' };
  return { section: null, Page: NotFound, key: 'not-found' };
}
