import { describe, expect, it } from 'vitest';
import { addEvents, KEPT, tailEvent } from './stream';

const event = (sequence: number) => tailEvent({ event: 'message', id: String(sequence), data: '{"recType":"io.a"}' });

describe('the live tail', () => {
  it('keeps the text as it came', () => {
    const text = '{"event_type":"create","id":"x","obj":{"n":1E400},"recType":"io.a"}';
    expect(tailEvent({ event: 'message', id: '7', data: text })).toEqual({
      sequence: '7',
      text,
      eventType: 'create',
      recType: 'io.a',
      id: 'x',
    });
  });

  it('shows what it cannot read', () => {
    expect(tailEvent({ event: 'message', id: '7', data: 'oops' })).toMatchObject({ text: 'oops', recType: '' });
  });

  it('has the newest first, and a bound', () => {
    let kept = addEvents([], [event(1), event(2)]);
    expect(kept.map(({ sequence }) => sequence)).toEqual(['2', '1']);
    kept = addEvents(
      kept,
      Array.from({ length: 1000 }, (_, index) => event(index + 3)),
    );
    expect(kept).toHaveLength(KEPT);
    expect(kept[0]!.sequence).toBe('1002');
  });
});
