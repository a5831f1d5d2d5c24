import { describe, expect, it } from 'vitest';
import { asSentence, inPlainWords, problemOf, unreachable } from './problem';

const answer = (status: number, body: string) => problemOf(new Response(body, { status }));

describe('problems', () => {
  it('says what the problem document says, as a sentence', async () => {
    const problem = await answer(422, '{"code":"not_acceptable","detail":"batch.max_events must be from 1 to 500"}');
    expect(problem.message).toBe('batch.max_events must be from 1 to 500.');
    expect(problem.code).toBe('not_acceptable');
    expect(problem.status).toBe(422);
  });

  it('has words of its own where there is no document', async () => {
    expect((await answer(503, '<html>proxy</html>')).message).toContain('Try again in a moment');
    expect((await answer(418, 'null')).message).toBe('Sluice answered with an error (418).');
  });

  it('has words for no answer at all', () => expect(inPlainWords(unreachable())).toContain('does not answer'));

  it('makes sentences once', () => {
    expect(asSentence('done')).toBe('Done.');
    expect(asSentence('allow it')).toBe('Allow it.');
    expect(asSentence('stream_arn is wrong')).toBe('stream_arn is wrong.');
    expect(asSentence('Really?')).toBe('Really?');
    expect(asSentence('  ')).toBe('');
  });
});
