import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type IssuedToken, listTokens, revokeToken, type Token } from '../../api/access';
import { usePages } from '../../api/usePages';
import { Button } from '../../components/Button';
import { Confirm } from '../../components/Confirm';
import { Empty } from '../../components/Notice';
import { PagedList } from '../../components/PagedList';
import { PageHead } from '../../components/PageHead';
import { Time } from '../../components/Time';
import { toast } from '../../components/Toasts';
import { IssuedDialog } from './IssuedDialog';
import { NewTokenDialog } from './NewTokenDialog';
import { RotateDialog } from './RotateDialog';

type Open =
  { kind: 'new' } | { kind: 'issued'; token: IssuedToken } | { kind: 'rotate' | 'revoke'; token: Token } | null;

export function Tokens() {
  const queries = useQueryClient();
  const list = usePages(['tokens'], listTokens);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const issued = (token: IssuedToken) => {
    void queries.invalidateQueries({ queryKey: ['tokens'] });
    setOpen({ kind: 'issued', token });
  };
  const create = (
    <Button kind="primary" icon="add" onClick={() => setOpen({ kind: 'new' })}>
      New token
    </Button>
  );
  return (
    <>
      <PageHead title="Tokens" actions={list.isSuccess && create}>
        <p>Who may call Sluice, and what for. A token’s text is shown once, when it is made.</p>
      </PageHead>
      <PagedList
        what="the tokens"
        list={list}
        needs="This token may not see tokens. That takes the scope ALL:ALL of the org, or the operator’s token."
        empty={
          <Empty title="There is no token yet." action={create}>
            Make one for each program or person, with no more scopes than they need.
          </Empty>
        }
      >
        <div className="table-scroll" tabIndex={0} role="group" aria-label="Tokens">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Org</th>
                <th scope="col">May</th>
                <th scope="col">Last used</th>
                <th scope="col">Expires</th>
                <th scope="col" className="actions">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {list.items.map((token) => (
                <Row key={token.id} token={token} onAct={(kind) => setOpen({ kind, token })} />
              ))}
            </tbody>
          </table>
        </div>
      </PagedList>
      {open?.kind === 'new' && <NewTokenDialog onClose={close} onIssued={issued} />}
      {open?.kind === 'issued' && <IssuedDialog token={open.token} onClose={close} />}
      {open?.kind === 'rotate' && <RotateDialog token={open.token} onClose={close} onIssued={issued} />}
      {open?.kind === 'revoke' && (
        <Confirm
          title={`Revoke ${open.token.name}?`}
          verb="Revoke"
          danger
          onClose={close}
          onConfirm={async () => {
            await revokeToken(open.token.id);
            toast.good(`${open.token.name} was revoked.`);
            void queries.invalidateQueries({ queryKey: ['tokens'] });
          }}
        >
          <p>The next call with it is refused. Whoever uses it stops working until they have another.</p>
        </Confirm>
      )}
    </>
  );
}

/** Of tokens that were not made over the API: those of the file and of the environment are changed there. */
const SOURCES: Partial<Record<Token['source'], string>> = {
  file: 'of the configuration file',
  environment: 'of SLUICE_ADMIN_TOKEN',
  start: 'made at the first start',
};

function Row({ token, onAct }: { token: Token; onAct: (kind: 'rotate' | 'revoke') => void }) {
  const isFixed = token.source === 'file' || token.source === 'environment';
  return (
    <tr>
      <th scope="row" className="break">
        {token.name}
        <br />
        <span className="soft token-note">
          {SOURCES[token.source] ?? token.id}
          {token.created_by && `, by ${token.created_by}`}
        </span>
      </th>
      <td className="break-org">{token.operator ? 'every org (operator)' : token.org}</td>
      <td className="break">
        {token.pipe ? `create only, as a pipe token: ${token.recTypes?.join(', ') ?? ''}` : token.scopes.join(', ')}
      </td>
      <td>{token.last_used ? <Time at={token.last_used} /> : 'never'}</td>
      <td>
        {token.expired ? <strong>expired</strong> : token.expires ? <Time at={token.expires} /> : 'never'}
        {token.previous_valid_until && (
          <>
            <br />
            <span className="soft">
              the text before it: <Time at={token.previous_valid_until} />
            </span>
          </>
        )}
      </td>
      <td className="actions">
        {!isFixed && (
          <span className="row actions-row">
            <Button small aria-label={`Rotate ${token.name}`} onClick={() => onAct('rotate')}>
              Rotate
            </Button>
            {token.source === 'api' && (
              <Button small kind="danger" aria-label={`Revoke ${token.name}`} onClick={() => onAct('revoke')}>
                Revoke
              </Button>
            )}
          </span>
        )}
      </td>
    </tr>
  );
}
