import { type FormEvent, useState } from 'react';
import { createToken, type IssuedToken, SCOPES } from '../../api/access';
import { inPlainWords } from '../../api/problem';
import { Button } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { Field } from '../../components/Field';
import { Notice } from '../../components/Notice';
import { type TokenForm, tokenRequest, wrongWith } from './token_request';

const LIFETIMES = [
  ['30d', '30 days'],
  ['90d', '90 days'],
  ['365d', 'A year'],
  ['', 'For ever'],
] as const;

export function NewTokenDialog({ onClose, onIssued }: { onClose: () => void; onIssued: (token: IssuedToken) => void }) {
  const [form, setForm] = useState<TokenForm>({
    name: '',
    org: '',
    kind: 'scopes',
    scopes: ['INTEGRATION:READ'],
    recTypes: '',
    lifetime: '90d',
  });
  const [wrong, setWrong] = useState<ReturnType<typeof wrongWith>>({});
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const set = (more: Partial<TokenForm>) => setForm({ ...form, ...more });

  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const found = wrongWith(form);
    setWrong(found);
    setFailure('');
    if (Object.keys(found).length > 0) return;
    setBusy(true);
    try {
      onIssued(await createToken(tokenRequest(form)));
    } catch (error) {
      setFailure(inPlainWords(error));
      setBusy(false);
    }
  };
  const toggle = (scope: string) =>
    set({
      scopes: form.scopes.includes(scope) ? form.scopes.filter((each) => each !== scope) : [...form.scopes, scope],
    });

  return (
    <Dialog
      title="New token"
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-token" busy={busy}>
            {busy ? 'Making it…' : 'Make the token'}
          </Button>
        </>
      }
    >
      <form id="new-token" className="stack" onSubmit={create} noValidate>
        <Field label="Name" hint="Who or what uses it: building-gateway, ann" error={wrong.name}>
          {(control) => (
            <input
              {...control}
              className="input"
              autoFocus
              autoComplete="off"
              value={form.name}
              onChange={(event) => set({ name: event.target.value })}
            />
          )}
        </Field>
        <Field label="Org" hint="Empty: the org that you are signed in for">
          {(control) => (
            <input
              {...control}
              className="input"
              autoComplete="off"
              spellCheck={false}
              placeholder="com.example"
              value={form.org}
              onChange={(event) => set({ org: event.target.value })}
            />
          )}
        </Field>
        <fieldset>
          <legend>Kind</legend>
          <label className="check">
            <input type="radio" name="kind" checked={form.kind === 'scopes'} onChange={() => set({ kind: 'scopes' })} />
            <span>For programs and people, with scopes</span>
          </label>
          <label className="check">
            <input type="radio" name="kind" checked={form.kind === 'pipe'} onChange={() => set({ kind: 'pipe' })} />
            <span>A pipe token, for devices that cannot send a header: it may only create</span>
          </label>
        </fieldset>
        {form.kind === 'scopes' ? (
          <fieldset aria-describedby={wrong.scopes && 'scopes-error'}>
            <legend>It may</legend>
            {SCOPES.map(([scope, may]) => (
              <label key={scope} className="check">
                <input type="checkbox" checked={form.scopes.includes(scope)} onChange={() => toggle(scope)} />
                <span>
                  {may} <code className="soft small">{scope}</code>
                </span>
              </label>
            ))}
            {wrong.scopes && (
              <span className="field">
                <span className="error" id="scopes-error" role="alert">
                  {wrong.scopes}
                </span>
              </span>
            )}
          </fieldset>
        ) : (
          <Field
            label="recTypes"
            hint="Patterns, with spaces between: io.acme.** io.example.*.raw"
            error={wrong.recTypes}
          >
            {(control) => (
              <input
                {...control}
                className="input"
                spellCheck={false}
                value={form.recTypes}
                onChange={(event) => set({ recTypes: event.target.value })}
              />
            )}
          </Field>
        )}
        <Field label="Valid for" hint="Rotating it later gives it another text, not more time">
          {(control) => (
            <select
              {...control}
              className="input"
              value={form.lifetime}
              onChange={(event) => set({ lifetime: event.target.value })}
            >
              {LIFETIMES.map(([value, title]) => (
                <option key={value} value={value}>
                  {title}
                </option>
              ))}
            </select>
          )}
        </Field>
      </form>
      {failure && <Notice tone="bad">{failure}</Notice>}
    </Dialog>
  );
}
