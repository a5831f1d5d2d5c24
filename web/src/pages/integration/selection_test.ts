import { describe, expect, it } from 'vitest';
import { givenMembers, selectionOf } from './selection';

describe('which dead letters an action means', () => {
  it('is the chosen ones, whatever the filter says', () =>
    expect(selectionOf(new Set(['7', '9']), { class: 'rejected' })).toEqual({ sequences: ['7', '9'] }));
  it('is what the filter finds when none is chosen', () =>
    expect(selectionOf(new Set(), { class: 'rejected', code: '', target: '' })).toEqual({ class: 'rejected' }));
  it('is all of them only when nothing narrows them down', () =>
    expect(selectionOf(new Set(), { class: '', code: '' })).toEqual({ all: true }));
  it('asks with what was given only', () =>
    expect(givenMembers({ recType: 'io.**', key: '' })).toEqual({ recType: 'io.**' }));
});
