import { useQuery } from '@tanstack/react-query';
import { testIntegration } from '../../api/integrations';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { LoadFailure, Notice } from '../../components/Notice';
import { ProbeSteps } from '../../components/ProbeSteps';

/** Tries everything that delivery needs; nothing is written. Begins by itself. */
export function TestDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const test = useQuery({
    queryKey: ['test', id],
    queryFn: () => testIntegration(id),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });
  return (
    <Dialog
      title={`Test of ${id}`}
      onClose={onClose}
      actions={
        <>
          <Button busy={test.isFetching} onClick={() => test.refetch()}>
            Test again
          </Button>
          <Button kind="primary" onClick={onClose}>
            Close
          </Button>
        </>
      }
    >
      <div aria-live="polite">
        {test.isFetching && (
          <p className="soft">Testing… this can take half a minute when something does not answer.</p>
        )}
        {!test.isFetching && test.isError && <LoadFailure error={test.error} />}
        {!test.isFetching && test.data && (
          <div className="stack">
            {test.data.ok ? (
              <Notice tone="good">Everything works.</Notice>
            ) : (
              <Notice tone="bad">It does not work yet. The step that failed says what to fix.</Notice>
            )}
            <ProbeSteps steps={test.data.steps} />
          </div>
        )}
      </div>
      <p className="soft small">A test writes nothing at the destination.</p>
    </Dialog>
  );
}
