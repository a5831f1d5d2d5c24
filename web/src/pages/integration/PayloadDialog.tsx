import { useQuery } from '@tanstack/react-query';
import { readDeadLetter } from '../../api/integrations';
import { Problem } from '../../api/problem';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { JsonView } from '../../components/JsonView';
import { LoadFailure, Loading, Notice } from '../../components/Notice';
import { bytes } from '../../format/numbers';

/** What was refused: the envelope as it is stored, and what sending it again would send. */
export function PayloadDialog({ id, sequence, onClose }: { id: string; sequence: string; onClose: () => void }) {
  const letter = useQuery({
    queryKey: ['dead-letters', id, 'payload', sequence],
    queryFn: ({ signal }) => readDeadLetter(id, sequence, signal),
    retry: false,
  });
  const isForbidden = letter.error instanceof Problem && letter.error.status === 403;
  const payload = letter.data?.payload;
  return (
    <Dialog title={`Event ${sequence}`} wide onClose={onClose} actions={<Button onClick={onClose}>Close</Button>}>
      {letter.isPending && <Loading what="the payload" />}
      {isForbidden && (
        <Notice tone="warn">
          This token may not read events: that takes the scope SHARE:READ besides INTEGRATION:READ.
        </Notice>
      )}
      {letter.isError && !isForbidden && <LoadFailure error={letter.error} />}
      {payload && letter.data && (
        <>
          <dl className="facts small">
            <dt>Target</dt>
            <dd>{payload.target || '–'}</dd>
            <dt>Key</dt>
            <dd>{payload.key || '–'}</dd>
            <dt>Size</dt>
            <dd>{bytes(payload.size)} as the service counts it</dd>
          </dl>
          <h3>What would be sent again</h3>
          <JsonView text={payload.body} label="What would be sent" />
          {payload.body !== letter.data.envelope && (
            <>
              <h3>The envelope, as it is stored</h3>
              <JsonView text={letter.data.envelope} label="The stored envelope" />
            </>
          )}
          {payload.metadata.length > 0 && (
            <>
              <h3>Beside it</h3>
              <dl className="facts small">
                {payload.metadata.map(({ name, value }) => (
                  <div key={name} style={{ display: 'contents' }}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
              </dl>
            </>
          )}
        </>
      )}
    </Dialog>
  );
}
