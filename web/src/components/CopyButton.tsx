import { useState } from 'react';
import { Button } from './Button';
import { toast } from './Toasts';

/** Puts a text on the clipboard, also where the page came over plain HTTP and the newer way is not allowed. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    (document.querySelector('dialog[open]') ?? document.body).append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    return done;
  }
}

export function CopyButton({ text, label = 'Copy', children }: { text: string; label?: string; children?: string }) {
  const [done, setDone] = useState(false);
  const onClick = async () => {
    if (await copy(text)) {
      setDone(true);
      setTimeout(() => setDone(false), 2000);
    } else {
      toast.bad('The browser does not let this page copy. Select the text, then copy it.');
    }
  };
  return (
    <Button small icon={done ? 'check' : 'copy'} aria-label={label} title={label} className="copy" onClick={onClick}>
      {children && (done ? 'Copied' : children)}
    </Button>
  );
}
