import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { createOrg, deleteOrg, listOrgs, type Org } from '../../api/access';
import { inPlainWords } from '../../api/problem';
import { session, useSession } from '../../api/session';
import { usePages } from '../../api/usePages';
import { Button } from '../../components/Button';
import { Confirm } from '../../components/Confirm';
import { Dialog } from '../../components/Dialog';
import { Field } from '../../components/Field';
import { Empty, Notice } from '../../components/Notice';
import { PagedList } from '../../components/PagedList';
import { PageHead } from '../../components/PageHead';
import { toast } from '../../components/Toasts';
import { bytes, count } from '../../format/numbers';

export function Orgs() {
  const queries = useQueryClient();
  const list = usePages(['orgs'], listOrgs);
  const [open, setOpen] = useState<'new' | { remove: Org } | null>(null);
  const close = () => setOpen(null);
  const refresh = () => void queries.invalidateQueries({ queryKey: ['orgs'] });
  const create = (
    <Button kind="primary" icon="add" onClick={() => setOpen('new')}>
      New org
    </Button>
  );
  return (
    <>
      <PageHead title="Orgs" actions={list.isSuccess && create}>
        <p>Tenants: each owns objects, tokens and integrations, and sees no other’s.</p>
      </PageHead>
      <PagedList
        what="the orgs"
        list={list}
        needs="This token may not see orgs. That takes the scope INTEGRATION:READ."
        empty={
          <Empty title="There is no org yet." action={create}>
            One comes into being when a token or an integration names it; making it here gives it a name.
          </Empty>
        }
      >
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Orgs">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Org</th>
                <th scope="col" className="number">
                  Integrations
                </th>
                <th scope="col" className="number">
                  Tokens
                </th>
                <th scope="col">Limits</th>
                <th scope="col" className="actions">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((org) => (
                <Row key={org.id} org={org} onRemove={() => setOpen({ remove: org })} />
              ))}
            </tbody>
          </table>
        </div>
      </PagedList>
      {open === 'new' && <NewOrgDialog onClose={close} onMade={refresh} />}
      {typeof open === 'object' && open && (
        <Confirm
          title={`Delete ${open.remove.id}?`}
          verb="Delete"
          danger
          onClose={close}
          onConfirm={async () => {
            await deleteOrg(open.remove.id);
            toast.good(`${open.remove.id} was deleted.`);
            refresh();
          }}
        >
          <p>Its name and limits go. This is refused while tokens or integrations name it.</p>
        </Confirm>
      )}
    </>
  );
}

function limitsOf({ limits }: Org): string {
  const said = [
    limits.requests_per_second && `${count(limits.requests_per_second)} requests/s`,
    limits.backlog && `backlog ${typeof limits.backlog === 'number' ? bytes(limits.backlog) : limits.backlog}`,
  ].filter(Boolean);
  return said.join(', ') || 'those of the node';
}

function Row({ org, onRemove }: { org: Org; onRemove: () => void }) {
  const who = useSession();
  const isActedFor = who?.org === org.id;
  return (
    <tr>
      <th scope="row" className="break">
        {org.id}
        {org.name && (
          <>
            <br />
            <span className="soft">{org.name}</span>
          </>
        )}
      </th>
      <td className="number">{count(org.integrations)}</td>
      <td className="number">{count(org.tokens)}</td>
      <td>{limitsOf(org)}</td>
      <td className="actions">
        <span className="row actions-row">
          {isActedFor ? (
            <span className="badge tone-good">Acting for it</span>
          ) : (
            <Button
              small
              aria-label={`Act for it: ${org.id}`}
              onClick={() => who && session.signIn({ ...who, org: org.id })}
            >
              Act for it
            </Button>
          )}
          {org.source === 'api' && (
            <Button small kind="danger" aria-label={`Delete ${org.id}`} onClick={onRemove}>
              Delete
            </Button>
          )}
        </span>
      </td>
    </tr>
  );
}

function NewOrgDialog({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [wrong, setWrong] = useState('');
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setFailure('');
    setWrong(id.trim() ? '' : 'Say what it is called in settings: com.example');
    if (!id.trim()) return;
    setBusy(true);
    try {
      await createOrg({ id: id.trim(), ...(name.trim() && { name: name.trim() }) });
      toast.good(`${id.trim()} was made.`);
      onMade();
      onClose();
    } catch (error) {
      setFailure(inPlainWords(error));
      setBusy(false);
    }
  };
  return (
    <Dialog
      title="New org"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-org" busy={busy}>
            Make the org
          </Button>
        </>
      }
    >
      <form id="new-org" className="stack" onSubmit={create} noValidate>
        <Field label="Id" hint="Parts of letters, digits, - and _, joined by dots" error={wrong}>
          {(control) => (
            <input
              {...control}
              className="input"
              autoFocus
              autoComplete="off"
              spellCheck={false}
              placeholder="com.example"
              value={id}
              onChange={(event) => setId(event.target.value)}
            />
          )}
        </Field>
        <Field label="Name (optional)" hint="As people say it: Example Ltd">
          {(control) => (
            <input
              {...control}
              className="input"
              autoComplete="off"
              value={name}
              onChange={(event) => setName(event.target.value)}
            />
          )}
        </Field>
      </form>
      {failure && <Notice tone="bad">{failure}</Notice>}
    </Dialog>
  );
}
