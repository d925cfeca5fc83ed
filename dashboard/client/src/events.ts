/** One server-sent event. */
export interface ServerEvent {
  name: string;
  data: string;
}

/**
 * Reads server-sent events until the stream ends, including heartbeats, whose `name` is ''. `EventSource` cannot send a
 * token and never retries after most errors.
 */
export const readEvents = async (body: ReadableStream<Uint8Array>, take: (event: ServerEvent) => void): Promise<void> => {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + decoder.decode(value, { stream: true })).split('\n\n');
    rest = blocks.pop()!;
    for (const block of blocks) {
      // The server writes each event's data on one line.
      const part = (field: string) => new RegExp(`^${field}: (.*)`, 'm').exec(block)?.[1] ?? '';
      take({ name: part('event'), data: part('data') });
    }
  }
};
