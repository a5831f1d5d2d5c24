import { describe, expect, it } from 'vitest';
import { ServerEventParser } from './sse';

describe('ServerEventParser', () => {
  it('reads what the live tail sends', () => {
    const parser = new ServerEventParser();
    expect(parser.push(': sluice\n\nid: 7\ndata: {"a":1}\n\nevent: missed\ndata: {"missed":3}\n\n')).toEqual([
      { event: 'message', id: '7', data: '{"a":1}' },
      { event: 'missed', id: '7', data: '{"missed":3}' },
    ]);
  });

  it('reads the same however the text is cut into pieces', () => {
    const text = 'id: 7\r\ndata: one\r\ndata: two\r\n\r\n: alive\n\nid: 8\ndata:three\n\n';
    const whole = new ServerEventParser().push(text);
    expect(whole).toEqual([
      { event: 'message', id: '7', data: 'one\ntwo' },
      { event: 'message', id: '8', data: 'three' },
    ]);
    for (let cut = 0; cut <= text.length; cut++) {
      const parser = new ServerEventParser();
      expect([...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))]).toEqual(whole);
    }
  });

  it('waits for the end of an event', () => {
    const parser = new ServerEventParser();
    expect(parser.push('data: half\n')).toEqual([]);
    expect(parser.push('\n')).toHaveLength(1);
  });
});
