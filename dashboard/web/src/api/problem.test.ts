import { describe, expect, it } from 'vitest';
import { asApiError, fieldErrors, problemFrom } from './problem';

describe('a problem document', () => {
  it('is told in the words of the server, at its field', () => {
    const problem = problemFrom(422, {
      title: 'What the body says is not allowed',
      detail: 'name: give a name of 1 to 200 characters',
      field: 'name',
    });
    expect(problem.message).toBe('Give a name of 1 to 200 characters.');
    expect(fieldErrors(problem)).toEqual({ name: 'Give a name of 1 to 200 characters.' });
  });

  it('may name several fields at once', () => {
    const problem = problemFrom(422, {
      title: 'What the body says is not allowed',
      detail: 'it cannot be published as it is',
      problems: [
        { field: 'media', problem: 'a carousel has 2 to 10 items' },
        { field: 'caption', problem: 'it is too long' },
        { field: 'caption', problem: 'it has too many hashtags' },
      ],
    });
    expect(fieldErrors(problem)).toEqual({
      media: 'A carousel has 2 to 10 items.',
      caption: 'It is too long. It has too many hashtags.',
    });
  });

  it('is never a bare number', () => {
    for (const status of [400, 404, 500, 502]) {
      for (const body of [null, '', '<html>', {}]) {
        const problem = problemFrom(status, body);
        expect(`${problem.title} ${problem.message}`).not.toMatch(/\d{3}/);
      }
    }
  });

  it('does not send people to what is written for programmers', () => {
    const missing = problemFrom(404, {
      title: 'There is nothing here',
      detail: 'check the address and the ids in it; all addresses are described under /api/docs',
    });
    expect(missing.message).toBe('Check the address and the ids in it.');
    const malformed = problemFrom(400, {
      title: 'The request cannot be read',
      detail: 'compare the request with the description under /api/docs',
    });
    expect(malformed.message).toBe('The request cannot be read.');
  });

  it('tells a change by somebody else from other conflicts', () => {
    expect(problemFrom(412, { title: 'It was changed in the meantime' }).isStale).toBe(true);
    expect(problemFrom(404, { title: 'There is nothing here' }).isStale).toBe(false);
  });

  it('calls a broken connection by its name', () => {
    expect(asApiError(new TypeError('Failed to fetch')).isOffline).toBe(true);
  });
});
