import { useEffect, useState } from 'react';
import { type Draft, sampleDraft, testDraft } from '../../api/drafts';
import { asSentence, inPlainWords } from '../../api/problem';
import type { ProbeReport, SampleOutcome } from '../../api/types';
import { Button } from '../../components/Button';
import { Notice } from '../../components/Notice';
import { ProbeSteps } from '../../components/ProbeSteps';

interface Props {
  draft: Draft;
  onTry: () => Promise<boolean>;
}

/** *Test* step by step, and one sample event: both with the settings as they stand in the form. */
export function TryIt({ draft, onTry }: Props) {
  const [busy, setBusy] = useState<'test' | 'sample' | null>(null);
  const [report, setReport] = useState<ProbeReport | null>(null);
  const [sample, setSample] = useState<SampleOutcome | null>(null);
  const [failure, setFailure] = useState('');
  const key = JSON.stringify(draft);
  // What was found of other settings says nothing of these.
  useEffect(() => {
    setReport(null);
    setSample(null);
    setFailure('');
  }, [key]);

  const run = async (what: 'test' | 'sample') => {
    setBusy(what);
    setFailure('');
    if (what === 'test') setReport(null);
    setSample(null);
    try {
      if (!(await onTry())) return setBusy(null);
      if (what === 'test') setReport(await testDraft(draft));
      else setSample(await sampleDraft(draft));
    } catch (error) {
      setFailure(inPlainWords(error));
    }
    setBusy(null);
  };

  return (
    <div className="stack">
      <div className="row">
        <Button busy={busy !== null} onClick={() => run('test')}>
          {busy === 'test' ? 'Testing…' : 'Test'}
        </Button>
        <Button busy={busy !== null} onClick={() => run('sample')}>
          {busy === 'sample' ? 'Sending…' : 'Send a sample event'}
        </Button>
        <span className="soft small">Test writes nothing there. The sample is marked “sluice_sample”.</span>
      </div>
      <div aria-live="polite" className="stack">
        {failure && <Notice tone="bad">{failure}</Notice>}
        {report && (
          <div className="stack-s">
            <strong>{report.ok ? 'The test passed.' : 'The test failed.'}</strong>
            <ProbeSteps steps={report.steps} />
          </div>
        )}
        {sample?.accepted && <Notice tone="good">The sample event was accepted. Look for it in your cloud.</Notice>}
        {sample?.error && (
          <Notice tone="bad">
            <p>
              The sample event was not accepted ({sample.error.code}): {asSentence(sample.error.message)}
            </p>
            {sample.error.hint && <p className="fix">{asSentence(sample.error.hint)}</p>}
          </Notice>
        )}
      </div>
    </div>
  );
}
