import type { IssuedToken } from '../../api/access';
import { Button } from '../../components/Button';
import { CopyButton } from '../../components/CopyButton';
import { Dialog } from '../../components/Dialog';
import { Notice } from '../../components/Notice';

/** The only time that a token's text is shown. */
export function IssuedDialog({ token, onClose }: { token: IssuedToken; onClose: () => void }) {
  return (
    <Dialog
      title={`The text of ${token.name}`}
      onClose={onClose}
      actions={
        <Button kind="primary" onClick={onClose}>
          I have kept it
        </Button>
      }
    >
      <Notice tone="warn">
        Copy it now: it is not shown again, and Sluice keeps only a fingerprint of it. If it is lost, rotate the token.
      </Notice>
      <pre className="json" tabIndex={0} role="group" aria-label="The token’s text">
        {token.token}
      </pre>
      <div>
        <CopyButton text={token.token} label="Copy the token">
          Copy the token
        </CopyButton>
      </div>
    </Dialog>
  );
}
