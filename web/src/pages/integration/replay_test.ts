import { describe, expect, it } from 'vitest';
import { boundary, replayProgress } from './replay';

describe('a replay', () => {
  it('takes times in the zone of the visitor, and sends them in UTC', () => {
    const typed = '2026-11-26T08:30';
    expect(boundary('time', typed)).toBe(new Date(typed).toISOString());
    expect(boundary('time', '')).toBe('');
  });

  it('passes sequences, and what it does not understand, on: Sluice says what is wrong', () => {
    expect(boundary('sequence', ' 42 ')).toBe('42');
    expect(boundary('time', 'yesterday')).toBe('yesterday');
  });

  it('knows how far it has come', () => {
    expect(replayProgress({ from: '1', to: '10', position: '0' })).toBe(0);
    expect(replayProgress({ from: '1', to: '10', position: '5' })).toBe(0.5);
    expect(replayProgress({ from: '1', to: '10', position: '10' })).toBe(1);
    expect(replayProgress({ from: '5', to: '10', position: '0' })).toBe(0);
  });
});
