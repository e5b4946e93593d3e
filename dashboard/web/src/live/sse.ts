/** One message of an event stream. */
export interface StreamEvent {
  id: string | null;
  type: string;
  data: string;
}

/** Reads `text/event-stream` piece by piece, wherever the pieces are cut. */
export class EventStreamParser {
  private rest = '';
  private id: string | null = null;
  private type = '';
  private data: string[] = [];

  feed(piece: string): StreamEvent[] {
    // A “\r” at the end may be the first half of a line end.
    const text = this.rest + piece;
    const end = text.endsWith('\r') ? text.length - 1 : text.length;
    const lines = text.slice(0, end).split(/\r\n|\n|\r/);
    this.rest = (lines.pop() ?? '') + text.slice(end);
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): StreamEvent[] {
    if (line === '') {
      const event = {
        id: this.id,
        type: this.type === '' ? 'message' : this.type,
        data: this.data.join('\n'),
      };
      const isEmpty = this.data.length === 0;
      this.type = '';
      this.data = [];
      return isEmpty ? [] : [event];
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.data.push(value);
    else if (field === 'event') this.type = value;
    else if (field === 'id') this.id = value;
    return [];
  }
}

/** The messages of a response, as they come. `onBytes` is called for keep-alives too. */
export async function* readStream(
  body: ReadableStream<Uint8Array>,
  onBytes: () => void = () => undefined,
): AsyncGenerator<StreamEvent> {
  const parser = new EventStreamParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onBytes();
      yield* parser.feed(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}
