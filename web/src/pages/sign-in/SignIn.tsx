import { type FormEvent, useState } from 'react';
import { get } from '../../api/client';
import { inPlainWords, Problem } from '../../api/problem';
import { session } from '../../api/session';
import type { Status } from '../../api/types';
import { Button } from '../../components/Button';
import { Field } from '../../components/Field';
import { Notice } from '../../components/Notice';
import './sign-in.css';

export function SignIn() {
  const [token, setToken] = useState('');
  const [org, setOrg] = useState('');
  const [failure, setFailure] = useState<{ field: 'token' | 'org' | ''; text: string } | null>(null);
  const [busy, setBusy] = useState(false);

  const signIn = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    const given = { token: token.trim(), org: org.trim() };
    if (!given.token) return setFailure({ field: 'token', text: 'Paste a token.' });
    // What no token holds; the browser would refuse to send it, with words that help nobody.
    if (/[^\x21-\x7e]/.test(given.token))
      return setFailure({
        field: 'token',
        text: 'That is not a token: it has spaces or other characters no token has.',
      });
    setBusy(true);
    setFailure(null);
    try {
      await get<Status>('/v1/status', { as: given });
      session.signIn(given);
    } catch (error) {
      const code = error instanceof Problem ? error.code : '';
      if (code === 'unauthenticated') {
        setFailure({ field: 'token', text: 'This token is not known here, has expired, or was revoked.' });
      } else if (code === 'insufficient_scope') {
        setFailure({
          field: 'token',
          text: 'This token may not look at integrations: it needs the scope INTEGRATION:READ.',
        });
      } else if (code === 'foreign_org' || code === 'invalid_org') {
        setFailure({ field: 'org', text: inPlainWords(error) });
      } else {
        setFailure({ field: '', text: inPlainWords(error) });
      }
      setBusy(false);
    }
  };

  return (
    <main className="sign-in">
      <form className="card" onSubmit={signIn} noValidate>
        <div className="row">
          <img src="/favicon.svg" alt="" width="28" height="28" />
          <h1>Sign in to Sluice</h1>
        </div>
        {session.farewell() && <Notice tone="warn">{session.farewell()}</Notice>}
        <Field
          label="Token"
          error={failure?.field === 'token' ? failure.text : undefined}
          hint="The operator's token was printed when Sluice first started, or is the one in SLUICE_ADMIN_TOKEN."
        >
          {(control) => (
            <input
              {...control}
              className="input mono"
              type="password"
              autoComplete="off"
              spellCheck={false}
              autoFocus
              value={token}
              onChange={(event) => setToken(event.target.value)}
            />
          )}
        </Field>
        <Field
          label="Org (operator only)"
          error={failure?.field === 'org' ? failure.text : undefined}
          hint="Empty: you see every org, and what you create belongs to “default”."
        >
          {(control) => (
            <input
              {...control}
              className="input"
              autoComplete="off"
              spellCheck={false}
              placeholder="com.example"
              value={org}
              onChange={(event) => setOrg(event.target.value)}
            />
          )}
        </Field>
        {failure?.field === '' && <Notice tone="bad">{failure.text}</Notice>}
        <Button kind="primary" type="submit" busy={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </Button>
        <p className="soft small">
          The token stays in this browser tab and is forgotten when you close it. It is sent to this Sluice only.
        </p>
      </form>
    </main>
  );
}
