import { memo, useCallback, useEffect, useState } from 'react';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import { JsonView } from '../../components/JsonView';
import { Empty, Notice } from '../../components/Notice';
import { PageHead } from '../../components/PageHead';
import { useDebounced } from '../../components/useDebounced';
import { count, plural } from '../../format/numbers';
import { formatRoute, navigate } from '../../routing/route';
import type { PageProps } from '../pages';
import { KEPT, type TailEvent } from './stream';
import './tail.css';
import { type Connection, useTail } from './useTail';

const CONNECTION_WORDS: Record<Connection, string> = {
  connecting: 'Connecting…',
  open: 'Live',
  lost: 'The connection was lost; trying again…',
  refused: 'Not connected',
};

export function Tail({ route }: PageProps) {
  const [recType, setRecType] = useState(route.query.get('recType') ?? '');
  const [isPaused, setPaused] = useState(false);
  // What somebody reads must not be pushed away by what comes.
  const pause = useCallback(() => setPaused(true), []);
  const settled = useDebounced(recType.trim(), 500);
  const tail = useTail(settled, isPaused);
  useEffect(() => navigate(formatRoute(['tail'], { recType: settled }), { replace: true }), [settled]);

  return (
    <>
      <PageHead
        title="Live tail"
        actions={
          <>
            <Button icon={isPaused ? 'play' : 'paused'} onClick={() => setPaused(!isPaused)}>
              {isPaused ? 'Go on' : 'Pause'}
            </Button>
            <Button onClick={tail.clear}>Clear</Button>
          </>
        }
      >
        <p>Events as they are stored, before any integration delivers them.</p>
      </PageHead>
      <form className="toolbar" role="search" aria-label="Events" onSubmit={(event) => event.preventDefault()}>
        <Field
          label="recType"
          className="wide"
          hint="A pattern: * stands for one part, ** for any number. Empty: all streams."
          error={tail.connection === 'refused' ? tail.failure : undefined}
        >
          {(control) => (
            <input
              {...control}
              className="input"
              placeholder="io.example.**"
              spellCheck={false}
              value={recType}
              onChange={(event) => setRecType(event.target.value)}
            />
          )}
        </Field>
      </form>
      <div className="spread tail-state">
        <span className="row" role="status">
          <span className={`tail-light ${isPaused ? 'paused' : tail.connection}`} aria-hidden="true" />
          {isPaused ? 'Paused: what happens meanwhile is not shown' : CONNECTION_WORDS[tail.connection]}
        </span>
        <span className="soft small number">
          {plural(tail.seen, 'event')} seen{tail.seen > KEPT && `, the latest ${KEPT} shown`}
        </span>
      </div>
      {tail.missed > 0 && (
        <Notice tone="warn">
          {count(tail.missed)} events went by too fast for this browser and are not shown. Deliveries are not affected.
        </Notice>
      )}
      <div className="card tail-list">
        {tail.events.length === 0 ? (
          <Empty title={isPaused ? 'Paused.' : 'Waiting for an event.'}>
            {settled
              ? `Nothing that matches ${settled} was written since you opened this page.`
              : 'An event appears here as soon as somebody writes one: with POST /share/{recType}, or sluice send.'}
          </Empty>
        ) : (
          <ol className="list-plain" aria-label="Events, the newest first">
            {tail.events.map((event) => (
              <Row key={event.sequence} event={event} onOpen={pause} />
            ))}
          </ol>
        )}
      </div>
    </>
  );
}

const Row = memo(function Row({ event, onOpen }: { event: TailEvent; onOpen: () => void }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details
        onToggle={(toggled) => {
          setOpen(toggled.currentTarget.open);
          if (toggled.currentTarget.open) onOpen();
        }}
      >
        <summary>
          <span className="tail-sequence number soft">{event.sequence}</span>
          <span className={`tail-type ${event.eventType}`}>{event.eventType}</span>
          <span className="tail-rec-type">{event.recType || event.text}</span>
          <code className="tail-id soft">{event.id}</code>
        </summary>
        {isOpen && <JsonView text={event.text} label={`Envelope of event ${event.sequence}`} />}
      </details>
    </li>
  );
});
