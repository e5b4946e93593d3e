import { describe, expect, it } from 'vitest';
import { givenOf, placeholdersOf } from './templates';

describe('a template for posts', () => {
  it('asks for each placeholder once, in the order it is read', () => {
    const template = {
      caption: 'New: {product}! {product} is {price_eur} €',
      first_comment: '{link} {product}',
    };
    expect(placeholdersOf(template)).toEqual(['product', 'price_eur', 'link']);
  });

  it('takes braces that name nothing for what they are', () => {
    expect(placeholdersOf({ caption: '{} {not one} { {yes} {größe}', first_comment: null })).toEqual(['yes']);
  });

  it('leaves what was given no value as it is', () => {
    expect(givenOf({ tip: ' Drink water ', link: '  ' })).toEqual({ tip: 'Drink water' });
  });
});
