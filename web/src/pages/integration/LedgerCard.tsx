import type { Stats } from '../../api/types';
import { Notice } from '../../components/Notice';
import { count } from '../../format/numbers';
import { addsUp, LEDGER_PARTS, LEDGER_WORDS, ledgerSegments } from './ledger';

/** Where every event that matched is now. */
export function LedgerCard({ stats }: { stats: Stats }) {
  const segments = ledgerSegments(stats);
  const said = segments.map(({ part, count: events }) => `${count(events)} ${LEDGER_WORDS[part].word}`).join(', ');
  return (
    <section className="card" aria-labelledby="ledger">
      <div className="card-head">
        <h2 id="ledger">Ledger</h2>
        <span className="soft small">
          <strong className="number">{count(stats.matched)}</strong> matched, each accounted for
        </span>
      </div>
      <div className="ledger-bar" role="img" aria-label={`${count(stats.matched)} matched: ${said || 'nothing yet'}`}>
        {segments.map(({ part, width }) => (
          <span key={part} className={`ledger-${part}`} style={{ width: `${width}%` }} />
        ))}
      </div>
      <dl className="ledger-parts">
        {LEDGER_PARTS.map((part) => (
          <div key={part} className={stats[part] ? '' : 'none'}>
            <dt>
              <span className={`ledger-mark ledger-${part}`} aria-hidden="true" />
              {LEDGER_WORDS[part].word}
            </dt>
            <dd className="number">{count(stats[part])}</dd>
            <dd className="soft small">{LEDGER_WORDS[part].means}</dd>
          </div>
        ))}
      </dl>
      {!addsUp(stats) && (
        <Notice tone="bad">
          These numbers do not add up, and they always should: this is a fault in Sluice. Please report it with what{' '}
          <code>sluice integrations show</code> prints.
        </Notice>
      )}
      {stats.lost_ranges && (
        <p className="small break ledger-lost-ranges">
          Lost sequences: {stats.lost_ranges.map(([first, last]) => `${first} to ${last}`).join(', ')}
        </p>
      )}
    </section>
  );
}
