import { useState } from 'react';
import { deleteIntegration, pauseIntegration, resumeIntegration, sendSample } from '../../api/integrations';
import { asSentence } from '../../api/problem';
import type { Integration } from '../../api/types';
import { Button } from '../../components/Button';
import { Confirm } from '../../components/Confirm';
import { toast } from '../../components/Toasts';
import { navigate } from '../../routing/route';
import { ReplayDialog } from './ReplayDialog';
import { TestDialog } from './TestDialog';

interface Props {
  item: Integration;
  onChanged: () => void;
  onDeleted: () => void;
}

type Open = 'test' | 'sample' | 'replay' | 'pause' | 'delete' | null;

export function Actions({ item, onChanged, onDeleted }: Props) {
  const { id } = item;
  const [open, setOpen] = useState<Open>(null);
  const [resuming, setResuming] = useState(false);
  const close = () => setOpen(null);

  const resume = async () => {
    setResuming(true);
    try {
      await resumeIntegration(id);
      toast.good(`${id} delivers again.`);
      onChanged();
    } catch (error) {
      toast.bad(error);
    }
    setResuming(false);
  };

  return (
    <>
      <Button onClick={() => setOpen('test')}>Test</Button>
      <Button onClick={() => setOpen('sample')}>Send a sample</Button>
      <Button onClick={() => setOpen('replay')}>Replay</Button>
      {item.state === 'paused' ? (
        <Button kind="primary" icon="play" busy={resuming} onClick={resume}>
          Resume
        </Button>
      ) : (
        <Button icon="paused" onClick={() => setOpen('pause')}>
          Pause
        </Button>
      )}
      {item.source === 'api' && (
        <Button kind="danger" onClick={() => setOpen('delete')}>
          Delete
        </Button>
      )}
      {open === 'test' && <TestDialog id={id} onClose={close} />}
      {open === 'replay' && <ReplayDialog id={id} onClose={close} onStarted={onChanged} />}
      {open === 'pause' && (
        <Confirm
          title={`Pause ${id}?`}
          verb="Pause"
          onClose={close}
          onConfirm={async () => {
            await pauseIntegration(id);
            toast.good(`${id} is paused.`);
            onChanged();
          }}
        >
          <p>
            Nothing is sent until somebody resumes it, also after a restart. Its events are kept in the log meanwhile,
            up to the hard limit.
          </p>
        </Confirm>
      )}
      {open === 'sample' && (
        <Confirm
          title="Send a sample event?"
          verb="Send it"
          onClose={close}
          onConfirm={async () => {
            const { accepted, error } = await sendSample(id);
            if (!accepted)
              throw new Error(`${asSentence(error?.message ?? 'It was refused')} ${asSentence(error?.hint ?? '')}`);
            toast.good('The destination accepted the sample.');
          }}
        >
          <p>
            One event marked <code>"sluice_sample":true</code> goes to the destination now, ahead of what waits. Whoever
            reads there will see it.
          </p>
        </Confirm>
      )}
      {open === 'delete' && (
        <Confirm
          title={`Delete ${id}?`}
          verb="Delete"
          danger
          onClose={close}
          onConfirm={async () => {
            await deleteIntegration(id);
            onDeleted();
            toast.good(`${id} was deleted.`);
            navigate('/integrations');
          }}
        >
          <p>
            Its place in the stream and its dead letters go with it. This cannot be undone. What was delivered stays
            with the customer.
          </p>
        </Confirm>
      )}
    </>
  );
}
