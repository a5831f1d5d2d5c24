import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { discard, listDeadLetters } from '../../api/integrations';
import { type DeadLetter, ERROR_CLASSES, type Page } from '../../api/types';
import { Button } from '../../components/Button';
import { Confirm } from '../../components/Confirm';
import { Field } from '../../components/Field';
import { Empty, LoadFailure, Loading } from '../../components/Notice';
import { toast } from '../../components/Toasts';
import { useDebounced } from '../../components/useDebounced';
import { count, plural } from '../../format/numbers';
import { ERROR_WORDS } from '../../words/errors';
import { DeadLetterTable } from './DeadLetterTable';
import { PayloadDialog } from './PayloadDialog';
import { RedeliverDialog } from './RedeliverDialog';
import { givenMembers, selectionOf } from './selection';

interface Props {
  id: string;
  /** How many there are in all. */
  held: number;
  onChanged: () => void;
}

const NO_FILTER = {
  recType: '',
  class: '',
  code: '',
  target: '',
  key: '',
};

/** Often while there is nothing to see yet; not any more when somebody has gone far through them. */
function refreshMilliseconds(pages: Page<DeadLetter>[]): number | false {
  if (pages.every((page) => page.items.length === 0)) return 1000;
  return pages.length < 4 ? 5000 : false;
}

export function DeadLetters({ id, held, onChanged }: Props) {
  const queries = useQueryClient();
  const [filter, setFilter] = useState(NO_FILTER);
  const settled = useDebounced(filter);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [open, setOpen] = useState<'redeliver' | 'discard' | { payload: string } | null>(null);
  const list = useInfiniteQuery({
    queryKey: ['dead-letters', id, settled],
    queryFn: ({ pageParam, signal }) => listDeadLetters(id, givenMembers(settled), pageParam, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next ?? undefined,
    placeholderData: (before) => before,
    enabled: held > 0,
    refetchInterval: (query) => refreshMilliseconds(query.state.data?.pages ?? []),
  });
  const letters = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = Object.keys(givenMembers(filter)).length > 0;
  // They are counted a moment before they can be listed.
  const isAboutToCome = !isFiltered && letters.length === 0 && !list.hasNextPage;
  const selection = selectionOf(chosen, settled);
  const which = chosen.size > 0 ? `${count(chosen.size)} chosen` : isFiltered ? 'all that match' : `all ${count(held)}`;

  const changed = () => {
    setChosen(new Set());
    void queries.invalidateQueries({ queryKey: ['dead-letters', id] });
    onChanged();
  };
  const set = (member: keyof typeof NO_FILTER) => (event: { target: { value: string } }) => {
    setFilter({ ...filter, [member]: event.target.value });
    setChosen(new Set());
  };

  return (
    <section className="card" aria-labelledby="letters">
      <div className="card-head">
        <h2 id="letters">Dead letters</h2>
        <span className="soft small">{plural(held, 'event')} refused for good</span>
      </div>
      {held === 0 ? (
        <p className="soft small">None. An event that the destination will never take is kept here, with the reason.</p>
      ) : (
        <>
          <form
            className="toolbar"
            role="search"
            aria-label="Dead letters"
            onSubmit={(event) => event.preventDefault()}
          >
            <Field label="recType">
              {(control) => (
                <input
                  {...control}
                  className="input"
                  placeholder="io.example.**"
                  spellCheck={false}
                  value={filter.recType}
                  onChange={set('recType')}
                />
              )}
            </Field>
            <Field label="Kind of error">
              {(control) => (
                <select {...control} className="input" value={filter.class} onChange={set('class')}>
                  <option value="">Any</option>
                  {ERROR_CLASSES.map((each) => (
                    <option key={each} value={each}>
                      {ERROR_WORDS[each].title}
                    </option>
                  ))}
                </select>
              )}
            </Field>
            {(['code', 'target', 'key'] as const).map((member) => (
              <Field key={member} label={{ code: 'Code', target: 'Target', key: 'Key' }[member]}>
                {(control) => (
                  <input
                    {...control}
                    className="input"
                    spellCheck={false}
                    value={filter[member]}
                    onChange={set(member)}
                  />
                )}
              </Field>
            ))}
          </form>
          {(list.isPending || (list.data && isAboutToCome)) && <Loading what="the dead letters" />}
          {list.isError && <LoadFailure error={list.error} onRetry={() => list.refetch()} />}
          {list.data && letters.length === 0 && !list.hasNextPage && !isAboutToCome && (
            <Empty
              title="No dead letter matches."
              action={<Button onClick={() => setFilter(NO_FILTER)}>Clear the filters</Button>}
            />
          )}
          {letters.length > 0 && (
            <DeadLetterTable
              letters={letters}
              chosen={chosen}
              onChoose={setChosen}
              onShow={(sequence) => setOpen({ payload: sequence })}
            />
          )}
          {list.data && (
            <div className="letters-foot">
              {list.hasNextPage && (
                <Button busy={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
                  {list.isFetchingNextPage ? 'Loading…' : letters.length === 0 ? 'Look further' : 'Show more'}
                </Button>
              )}
              {letters.length > 0 && (
                <>
                  <Button kind="primary" onClick={() => setOpen('redeliver')}>
                    Redeliver {which}
                  </Button>
                  <Button kind="danger" onClick={() => setOpen('discard')}>
                    Discard {which}
                  </Button>
                </>
              )}
            </div>
          )}
        </>
      )}
      {open === 'redeliver' && (
        <RedeliverDialog
          id={id}
          selection={selection}
          which={which}
          onClose={() => setOpen(null)}
          onChanged={changed}
        />
      )}
      {open === 'discard' && (
        <Confirm
          title="Discard these dead letters?"
          verb={`Discard ${which}`}
          danger
          onClose={() => setOpen(null)}
          onConfirm={async () => {
            const { discarded } = await discard(id, selection);
            toast.good(`${plural(discarded, 'dead letter')} thrown away.`);
            changed();
          }}
        >
          <p>
            The customer will never receive these events from this integration. The ledger counts them as discarded.
            This cannot be undone.
          </p>
        </Confirm>
      )}
      {typeof open === 'object' && open && (
        <PayloadDialog id={id} sequence={open.payload} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}
