import { useState } from 'react';
import type { Integration } from '../../api/types';
import { Button } from '../../components/Button';
import { JsonView } from '../../components/JsonView';
import { formatRoute, Link } from '../../routing/route';
import { SettingsDialog } from './SettingsDialog';
import { settingsOf } from './settings';

export function SettingsCard({
  item,
  etag,
  onChanged,
}: {
  item: Integration;
  etag: string | null;
  onChanged: () => void;
}) {
  const [isOpen, setOpen] = useState(false);
  return (
    <section className="card" aria-labelledby="settings">
      <div className="card-head">
        <h2 id="settings">Settings</h2>
        {item.source === 'api' ? (
          <div className="row">
            <Link to={formatRoute(['integrations', item.id, 'edit'])} className="button button-small">
              Edit
            </Link>
            <Button small onClick={() => setOpen(true)}>
              Edit as JSON
            </Button>
          </div>
        ) : (
          <span className="soft small">
            They are the configuration file’s: change them there, then <code>sluice reload</code>.
          </span>
        )}
      </div>
      <JsonView text={JSON.stringify(settingsOf(item))} label="Settings" />
      <p className="soft small">Secrets never come out again: they are shown as “(redacted)”.</p>
      {isOpen && <SettingsDialog item={item} etag={etag} onClose={() => setOpen(false)} onChanged={onChanged} />}
    </section>
  );
}
