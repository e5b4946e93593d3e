import { fireEvent } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aMoment, newPresses } from './press';

let now = 100_000;
const wait = (ms: number) => (now += ms);

const click = (x: number, y: number) => fireEvent.click(document.body, { detail: 1, clientX: x, clientY: y });
const pressKey = () => fireEvent.click(document.body, { detail: 0 });

beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  // What other stories pressed is long ago.
  wait(10_000);
});
afterEach(() => vi.restoreAllMocks());

describe('a press', () => {
  it('counts, and those that follow at once belong to it', () => {
    const button = newPresses();
    click(40, 40);
    expect(button.isNew()).toBe(true);
    wait(200);
    click(43, 38);
    expect(button.isNew()).toBe(false);
  });

  it('belongs to the first one however long that took to be done', () => {
    const button = newPresses();
    click(40, 40);
    expect(button.isNew()).toBe(true);
    wait(5000);
    button.isOver();
    wait(200);
    click(40, 40);
    expect(button.isNew()).toBe(false);
  });

  it('counts again once it rested for a moment, and not while somebody hammers', () => {
    const button = newPresses();
    click(40, 40);
    button.isNew();
    for (let press = 0; press < 5; press += 1) {
      wait(aMoment - 100);
      click(40, 40);
      expect(button.isNew()).toBe(false);
    }
    wait(aMoment);
    click(40, 40);
    expect(button.isNew()).toBe(true);
  });

  it('means what was there before, not what has moved under the pointer', () => {
    const [gone, moved] = [newPresses(), newPresses()];
    click(40, 40);
    expect(gone.isNew()).toBe(true);
    gone.isOver();
    wait(300);
    click(40, 40);
    expect(moved.isNew()).toBe(false);
    wait(aMoment);
    click(40, 40);
    expect(moved.isNew()).toBe(true);
  });

  it('counts at once after something else was clicked or typed', () => {
    const save = newPresses();
    click(40, 40);
    expect(save.isNew()).toBe(true);
    click(200, 40);
    click(40, 40);
    expect(save.isNew()).toBe(true);
    fireEvent.keyDown(document.body, { key: 'a' });
    click(40, 40);
    expect(save.isNew()).toBe(true);
    click(40, 40);
    expect(save.isNew()).toBe(false);
  });

  it('on another button elsewhere counts at once', () => {
    const [one, other] = [newPresses(), newPresses()];
    click(40, 40);
    one.isNew();
    wait(50);
    click(40, 90);
    expect(other.isNew()).toBe(true);
  });

  it('on another row of the same list counts at once', () => {
    const rows = newPresses();
    click(40, 40);
    rows.isNew();
    wait(50);
    click(40, 90);
    expect(rows.isNew()).toBe(true);
  });

  it('of a key that is held down counts once', () => {
    const [button, other] = [newPresses(), newPresses()];
    pressKey();
    expect(button.isNew()).toBe(true);
    for (let repeated = 0; repeated < 30; repeated += 1) {
      wait(40);
      pressKey();
      expect(button.isNew()).toBe(false);
    }
    // Keys are nowhere: they press what has the focus.
    pressKey();
    expect(other.isNew()).toBe(true);
  });
});
