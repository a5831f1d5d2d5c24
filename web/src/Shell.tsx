import { type ReactNode, useEffect, useRef } from 'react';
import { session, useSession } from './api/session';
import { Button } from './components/Button';
import { Icon } from './components/Icon';
import { chooseTheme, useTheme } from './components/theme';
import { SECTIONS, type SectionName } from './pages/pages';
import { Link } from './routing/route';
import { useCollectHistory } from './status/history';

/** What is around every page: navigation, the org acted for, light and dark, signing out. */
export function Shell({ current, children }: { current: SectionName | null; children: ReactNode }) {
  const who = useSession();
  useCollectHistory();
  const theme = useTheme();
  const other = theme === 'dark' ? 'light' : 'dark';
  const nav = useRef<HTMLElement>(null);
  // On a phone the navigation is wider than the screen.
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [current]);
  const skip = () => document.querySelector<HTMLElement>('main h1')?.focus();
  return (
    <div className="shell">
      <button type="button" className="skip button" onClick={skip}>
        Skip to the page
      </button>
      <header className="side">
        <Link to="/" className="brand">
          <img src="/favicon.svg" alt="" />
          Sluice
        </Link>
        <nav ref={nav} className="nav" aria-label="Pages">
          <ul>
            {SECTIONS.map((section) => (
              <li key={section.name}>
                <Link to={section.to} aria-current={current === section.name ? 'page' : undefined}>
                  <Icon name={section.icon} />
                  {section.title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <div className="side-foot">
          {who?.org && (
            <div className="row">
              <span className="soft break">
                Acting for <strong>{who.org}</strong>
              </span>
              <Button small onClick={() => session.signIn({ ...who, org: '' })}>
                Every org
              </Button>
            </div>
          )}
          <div className="row">
            <Button
              kind="quiet"
              small
              icon={other}
              aria-label={`Switch to the ${other} theme`}
              title={`Switch to the ${other} theme`}
              onClick={() => chooseTheme(other)}
            />
            <Button kind="quiet" small icon="signOut" onClick={() => session.signOut()}>
              Sign out
            </Button>
          </div>
        </div>
      </header>
      <main className="main">{children}</main>
    </div>
  );
}
