export interface ServerEvent {
  /** `message` where the stream names none. */
  event: string;
  id: string;
  data: string;
}

/**
 * Reads server-sent events out of text that comes in pieces (the HTML standard, "Server-sent events"). The browser's own
 * EventSource cannot send a token.
 */
export class ServerEventParser {
  private rest = '';
  private event = '';
  private id = '';
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? '';
    for (const line of lines) {
      const done = this.take(line);
      if (done) events.push(done);
    }
    return events;
  }

  private take(line: string): ServerEvent | null {
    if (line === '') {
      const done =
        this.data.length > 0 ? { event: this.event || 'message', id: this.id, data: this.data.join('\n') } : null;
      this.event = '';
      this.data = [];
      return done;
    }
    if (line.startsWith(':')) return null;
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'id') this.id = value;
    else if (field === 'data') this.data.push(value);
    return null;
  }
}
