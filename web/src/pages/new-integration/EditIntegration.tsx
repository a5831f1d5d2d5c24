import { useQuery } from '@tanstack/react-query';
import { call, path } from '../../api/client';
import type { Integration } from '../../api/types';
import { Loading, LoadFailure, Notice } from '../../components/Notice';
import { PageHead } from '../../components/PageHead';
import { toast } from '../../components/Toasts';
import { formatRoute, navigate } from '../../routing/route';
import type { PageProps } from '../pages';
import { IntegrationForm } from './IntegrationForm';
import { settingsOf } from './settings';

/** The same form for an integration there is. Secrets that are not given again stay as they are. */
export function EditIntegration({ route }: PageProps) {
  const id = route.parts[1]!;
  const where = path`/v1/integrations/${id}`;
  // Read once: what somebody else changes meanwhile is told when saving.
  const read = useQuery({
    queryKey: ['edit', id],
    queryFn: ({ signal }) => call<Integration>('GET', where, { signal }),
    staleTime: Infinity,
    gcTime: 0,
    refetchOnWindowFocus: false,
  });
  return (
    <>
      <PageHead title={`Edit ${id}`}>
        <p>Delivery goes on where it is, under the new settings. Secrets stay as they are unless you paste others.</p>
      </PageHead>
      {read.isPending && <Loading what="the settings" />}
      {read.isError && <LoadFailure error={read.error} onRetry={() => void read.refetch()} />}
      {read.data?.data.source === 'file' && (
        <Notice>This integration stands in the configuration file: change it there and reload.</Notice>
      )}
      {read.data && read.data.data.source !== 'file' && (
        <IntegrationForm
          initial={settingsOf(read.data.data)}
          editing={id}
          save={async (settings) => {
            await call('PUT', where, { body: settings, ifMatch: read.data.etag });
            toast.good(`${id} has the new settings.`);
            navigate(formatRoute(['integrations', id]));
          }}
        />
      )}
    </>
  );
}
