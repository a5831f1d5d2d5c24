import { type AuditEntry, listAudit } from '../../api/access';
import { usePages } from '../../api/usePages';
import { Button } from '../../components/Button';
import { Empty } from '../../components/Notice';
import { PagedList } from '../../components/PagedList';
import { PageHead } from '../../components/PageHead';
import { Time } from '../../components/Time';

export function Audit() {
  const list = usePages(['audit'], listAudit);
  return (
    <>
      <PageHead
        title="Audit log"
        actions={
          <Button busy={list.isFetching} onClick={() => list.refetch()}>
            Refresh
          </Button>
        }
      >
        <p>Who changed what, and who tried to. Names of settings only, never their values.</p>
      </PageHead>
      <PagedList
        what="the audit log"
        list={list}
        needs="This token may not read the audit log. That takes the scope ALL:ALL of the org, or the operator’s token."
        empty={<Empty title="Nothing was changed yet.">Every change over the API is written down here.</Empty>}
      >
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Changes, the newest first">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Who</th>
                <th scope="col">What</th>
                <th scope="col">Org</th>
                <th scope="col">Came of it</th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((entry) => (
                <Row key={entry.id} entry={entry} />
              ))}
            </tbody>
          </table>
        </div>
      </PagedList>
    </>
  );
}

/** What became of it, in words: the code says why it was refused. */
export function outcomeWords({ status, code }: Pick<AuditEntry, 'status' | 'code'>): string {
  if (status < 300) return 'done';
  return `refused: ${code ? code.replaceAll('_', ' ') : `status ${status}`}`;
}

function Row({ entry }: { entry: AuditEntry }) {
  return (
    <tr>
      <td>
        <Time at={entry.time} />
      </td>
      <td>
        {entry.token.name}
        {entry.remote_address && (
          <>
            <br />
            <span className="soft">from {entry.remote_address}</span>
          </>
        )}
      </td>
      <td className="break">
        {entry.action.split(' ')[0]} <code>{entry.target}</code>
        {entry.members.length > 0 && (
          <>
            <br />
            <span className="soft">{entry.members.join(', ')}</span>
          </>
        )}
      </td>
      <td className="break-org">{entry.org ?? '–'}</td>
      <td>{entry.status < 300 ? outcomeWords(entry) : <strong>{outcomeWords(entry)}</strong>}</td>
    </tr>
  );
}
