import { describe, expect, it } from 'vitest';
import { EventStreamParser, readStream } from './sse';

describe('an event stream', () => {
  it('is read whole wherever the pieces are cut', () => {
    const text = ': ping\n\nid: 7\nevent: decision.made\ndata: {"a":1}\n\ndata: one\ndata: two\r\n\r\n';
    for (let cut = 1; cut < text.length; cut += 1) {
      const parser = new EventStreamParser();
      const events = [...parser.feed(text.slice(0, cut)), ...parser.feed(text.slice(cut))];
      expect(events).toEqual([
        { id: '7', type: 'decision.made', data: '{"a":1}' },
        { id: '7', type: 'message', data: 'one\ntwo' },
      ]);
    }
  });

  it('says nothing for keep-alives', () => {
    expect(new EventStreamParser().feed(': ping\n\n: ping\n\n')).toEqual([]);
  });

  it('keeps back a message that is not finished', () => {
    const parser = new EventStreamParser();
    expect(parser.feed('data: half')).toEqual([]);
    expect(parser.feed(' a sentence\n\n')).toEqual([{ id: null, type: 'message', data: 'half a sentence' }]);
  });

  it('joins letters that were cut within their bytes', async () => {
    const bytes = new TextEncoder().encode('data: café ❤️\n\n');
    let heard = 0;
    const body = new ReadableStream<Uint8Array>({
      start(stream) {
        for (const byte of bytes) stream.enqueue(new Uint8Array([byte]));
        stream.close();
      },
    });
    const events = [];
    for await (const event of readStream(body, () => (heard += 1))) events.push(event.data);
    expect(events).toEqual(['café ❤️']);
    expect(heard).toBe(bytes.length);
  });
});
