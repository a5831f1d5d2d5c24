import { describe, expect, it } from 'vitest';
import { linesOf, settingsOf, suggestedId, textAt, withPasted, withType, withValue } from './settings';

describe('settings by path', () => {
  it('changes a copy and leaves the rest', () => {
    const before = { id: 'a', destination: { type: 'sqs' } };
    expect(withValue(before, 'destination.credentials.csv', 'x')).toEqual({
      id: 'a',
      destination: { type: 'sqs', credentials: { csv: 'x' } },
    });
    expect(before).toEqual({ id: 'a', destination: { type: 'sqs' } });
  });

  it('removes what is emptied, and the object that held it', () => {
    const settings = withValue(
      { destination: { type: 'sqs', credentials: { csv: 'x' } } },
      'destination.credentials.csv',
      '',
    );
    expect(settings).toEqual({ destination: { type: 'sqs' } });
  });

  it('tells text from everything else', () => {
    expect(textAt({ destination: { region: 7 } }, 'destination.region')).toBe('');
    expect(textAt({}, 'destination.region')).toBe('');
  });
});

describe('what was pasted', () => {
  it('lets an ARN take the place of a name', () => {
    const settings = { destination: { type: 'kinesis', stream: 'a', region: 'eu-west-1' } };
    expect(withPasted(settings, 'kinesis', 'destination.stream_arn', 'arn:…')).toEqual({
      destination: { type: 'kinesis', region: 'eu-west-1', stream_arn: 'arn:…' },
    });
  });

  it('takes another cloud without what was the old one’s', () => {
    const settings = { id: 'a', destination: { type: 'webhook', url: 'https://example.net' } };
    expect(withPasted(settings, 'event_hubs', 'destination.connection_string', 'Endpoint=…')).toEqual({
      id: 'a',
      destination: { type: 'event_hubs', connection_string: 'Endpoint=…' },
    });
  });

  it('keeps an access key from one service of AWS to the other', () => {
    const settings = { destination: { type: 'kinesis', stream: 'a', credentials: { csv: 'x' } } };
    expect(withType(settings, 'sqs')).toEqual({ destination: { type: 'sqs', credentials: { csv: 'x' } } });
  });
});

describe('names and lines', () => {
  it('suggests an id that Sluice takes', () => {
    expect(suggestedId('com.acme', 'event_hubs')).toBe('acme-event-hubs');
    expect(suggestedId('default', 'iot_hub')).toBe('iot-hub');
    expect(suggestedId('com.Acme_Co', 'sqs')).toBe('acme-co-sqs');
  });

  it('takes patterns by line or comma', () => {
    expect(linesOf(' io.acme.**\n\nio.other, a.b ')).toEqual(['io.acme.**', 'io.other', 'a.b']);
  });

  it('leaves out what only answers have', () => {
    expect(settingsOf({ id: 'a', state: 'running', stats: {}, source: 'api', reason: '', key: '{id}' })).toEqual({
      id: 'a',
      key: '{id}',
    });
  });
});
