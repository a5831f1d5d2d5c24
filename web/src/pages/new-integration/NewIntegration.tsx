import { post } from '../../api/client';
import type { Integration } from '../../api/types';
import { PageHead } from '../../components/PageHead';
import { toast } from '../../components/Toasts';
import { formatRoute, navigate } from '../../routing/route';
import { IntegrationForm } from './IntegrationForm';

export function NewIntegration() {
  return (
    <>
      <PageHead title="New integration">
        <p>Paste what your cloud’s console handed over, test it, save it.</p>
      </PageHead>
      <IntegrationForm
        initial={{}}
        save={async (settings) => {
          const made = await post<Integration>('/v1/integrations', settings);
          toast.good(`${made.id} is saved and delivers from now on.`);
          navigate(formatRoute(['integrations', made.id]));
        }}
      />
    </>
  );
}
