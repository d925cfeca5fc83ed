/** One server-sent event. */
export interface ServerEvent {
  name: string;
  id?: string;
  data: string;
}

/**
 * Reads server-sent events until the stream ends, also the empty ones (`name` is ''), which show that it lives. `EventSource`
 * cannot send a token, and gives up for good on most answers.
 */
export async function readEvents(body: ReadableStream<Uint8Array>, take: (event: ServerEvent) => void): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replace(/\r\n?/g, '\n').split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) take(parse(block));
  }
}

const parse = (block: string): ServerEvent => {
  const event: ServerEvent = { name: '', data: '' };
  for (const line of block.split('\n')) {
    const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') event.name = value!;
    else if (field === 'id') event.id = value;
    else if (field === 'data') event.data += (event.data && '\n') + value;
  }
  return event;
};
