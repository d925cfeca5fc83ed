/** One server-sent event. */
export interface ServerEvent {
  name: string;
  data: string;
}

/**
 * Reads server-sent events until the stream ends, also the empty ones (`name` is ''), which show that it lives. `EventSource`
 * cannot send a token, and gives up for good on most answers.
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
      // The server writes each on one line.
      const part = (field: string) => new RegExp(`^${field}: (.*)`, 'm').exec(block)?.[1] ?? '';
      take({ name: part('event'), data: part('data') });
    }
  }
};
