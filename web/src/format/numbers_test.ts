import { describe, expect, it } from 'vitest';
import { bytes, count, percent, plural, rate, short } from './numbers';

describe('numbers', () => {
  it('groups whole numbers', () => expect(count(1234567)).toBe('1,234,567'));

  it.each([
    [0, '0'],
    [9999, '9,999'],
    [12345, '12.3 k'],
    [1234567, '1.23 M'],
    [7.5e9, '7.5 G'],
    [4.26, '4.26'],
  ])('shortens %d', (value, text) => expect(short(value)).toBe(text));

  it.each([
    [0, '0'],
    [0.01, '<0.1'],
    [0.42, '0.4'],
    [5, '5'],
    [51.4, '51'],
    [12345, '12.3 k'],
  ])('says %d a second', (value, text) => expect(rate(value)).toBe(text));

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [734003200, '700 MiB'],
    [3 * 2 ** 40, '3 TiB'],
    [5000 * 2 ** 40, '5000 TiB'],
  ])('says %d bytes', (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.0001, '<0.1 %'],
    [0.052, '5.2 %'],
    [0.62, '62 %'],
    [1.2, '120 %'],
  ])('says a share of %d', (value, text) => expect(percent(value)).toBe(text));

  it('knows one from many', () => {
    expect(plural(1, 'event')).toBe('1 event');
    expect(plural(0, 'event')).toBe('0 events');
    expect(plural(2, 'retry', 'retries')).toBe('2 retries');
  });
});
