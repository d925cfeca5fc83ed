import { signal } from '@preact/signals';
import { readEvents } from '../../client/src/events.js';
import { Failure } from '../../client/src/failure.js';
import type { TestCallOpened, TestCallProgress, TestCallStage } from '../../client/src/models.js';
import { client } from '../session.js';
import { ofMicrophone, ofReason, ofRoom, ofStart, type Sorry, unknown } from './failures.js';
import { meter } from './meter.js';
import * as microphone from './microphone.js';
import { call, IDLE, isLive, type Line, type Stage } from './state.js';

/** The microphone's level, 0 to 1. */
export const level = signal(0);
/** Counts harmless errors of the SDK. */
export let ignored = 0;

const RANK: Stage[] = ['idle', 'microphone', 'preparing', 'connecting', 'ready', 'speaking', 'ended', 'failed'];
/** The pause before the stream of a call is opened again. */
const LOOK_MS = 1_500;
const WITH_ROOM_MS = 20_000;

type Sdk = InstanceType<typeof import('@vapi-ai/web').default>;
type SdkClass = new (token: string, base?: string, config?: object, factory?: object) => Sdk;

let sdk: Promise<SdkClass> | undefined;
/** Loads the SDK once. A failed load is retried at the next call. */
export const load = (): Promise<SdkClass> => {
  sdk ??= import('@vapi-ai/web').then((module) => {
    const given = module.default as unknown as SdkClass & { default?: SdkClass };
    return given.default ?? given;
  });
  sdk.catch(() => (sdk = undefined));
  return sdk;
};

/** Moves the stage forward, never back: the SDK and the server both report on the call. */
const reach = (stage: Stage): void => {
  const { value } = call;
  if (isLive(value) && RANK.indexOf(stage) > RANK.indexOf(value.stage)) call.value = { ...value, stage };
};

let current: Test | undefined;

/** Starts a call with the microphone that was requested in the click. */
export const start = (direction: string, opened: Promise<MediaStream>, startedAt: number): void => {
  if (current) return;
  call.value = { ...IDLE, stage: 'microphone', startedAt };
  const test = new Test(direction, opened);
  current = test;
  void test.run().finally(() => (current = undefined));
};

export const hangUp = (): void => current?.end();
export const mute = (): void => current?.mute();
export const dismiss = (): void => {
  if (!isLive(call.peek())) call.value = IDLE;
};

class Test {
  private readonly over = new AbortController();
  private resolve!: () => void;
  private reject!: (sorry: Sorry) => void;
  private readonly ended = new Promise<void>((resolve, reject) => ([this.resolve, this.reject] = [resolve, reject]));
  private stream?: MediaStream;
  private vapi?: Sdk;

  constructor(
    private readonly direction: string,
    private readonly microphone: Promise<MediaStream>,
  ) {
    this.ended.catch(() => {});
  }

  end(): void {
    this.resolve();
  }

  mute(): void {
    const muted = !call.peek().muted;
    this.vapi?.setMuted(muted);
    this.stream?.getAudioTracks().forEach((track) => (track.enabled = !muted));
    call.value = { ...call.peek(), muted };
  }

  /** Opens microphone, call and SDK in parallel, then joins the room. The microphone is released in every case. */
  async run(): Promise<void> {
    let stopMeter: (() => void) | undefined;
    try {
      const opened = this.microphone.catch((error) => Promise.reject(ofMicrophone(error)));
      opened.then(
        (stream) => {
          this.stream = stream;
          if (this.over.signal.aborted) return microphone.stop(stream);
          stopMeter = meter(stream, (loud) => (level.value = loud));
          reach('preparing');
        },
        () => {},
      );
      const room = this.room();
      const loaded = load().catch(() => Promise.reject({ what: 'The code for calls could not be loaded.', todo: 'Check your connection, then test again.' }));
      const all = Promise.all([opened, room, loaded]);
      all.catch(() => {});
      const got = await Promise.race([all, this.ended]);
      if (got) await this.join(...got);
      await this.ended;
      call.value = { ...call.peek(), stage: 'ended', endedAt: Date.now() };
    } catch (error) {
      const sorry = isSorry(error) ? error : unknown();
      call.value = { ...call.peek(), stage: 'failed', endedAt: Date.now(), sorry };
    } finally {
      this.over.abort();
      stopMeter?.();
      level.value = 0;
      microphone.stop(this.stream);
      await Promise.resolve(this.vapi?.stop()).catch(() => {});
      this.vapi?.removeAllListeners();
    }
  }

  private async join(stream: MediaStream, room: { url: string; id: string }, Sdk: SdkClass): Promise<void> {
    reach('connecting');
    const [audioSource] = stream.getAudioTracks();
    // Without `avoidEval` Daily's script would need `eval`, which the page's policy forbids.
    const vapi = new Sdk('', undefined, { avoidEval: true }, { audioSource });
    this.vapi = vapi;
    this.listen(vapi, audioSource!);
    const late = setTimeout(() => this.reject(ofRoom('timed out')), WITH_ROOM_MS);
    const joined = vapi.reconnect({ webCallUrl: room.url, id: room.id });
    joined.catch((error) => this.reject(ofRoom(error)));
    await Promise.race([joined, this.ended]).finally(() => clearTimeout(late));
  }

  private listen(vapi: Sdk, track: MediaStreamTrack): void {
    vapi.on('call-start', () => {
      reach('ready');
      const { value } = call;
      if (!value.talkingSince) call.value = { ...value, talkingSince: Date.now() };
    });
    vapi.on('speech-start', () => reach('speaking'));
    vapi.on('message', hear);
    vapi.on('call-end', () => this.end());
    vapi.on('network-quality-change', ({ threshold, networkState }) => {
      call.value = { ...call.peek(), weak: threshold === 'very-low' || networkState === 'bad' };
    });
    vapi.on('camera-error', () => this.reject(ofMicrophone(new DOMException('', 'NotReadableError'))));
    vapi.on('local-audio-level-observer-error', () => void ignored++);
    vapi.on('error', (error) => {
      // Only a daily-error ends the call.
      if (/ejected|ended/i.test(JSON.stringify(error) ?? '') && call.peek().talkingSince) this.end();
      else if (error?.type === 'daily-error' || error?.type === 'start-method-error') this.reject(ofRoom(error));
      else ignored++;
    });
    track.addEventListener('ended', () => this.over.signal.aborted || this.reject(ofMicrophone(new DOMException('', 'NotFoundError'))));
  }

  /** Starts a call at the server and waits for its room. The server may end the call at any time. */
  private async room(): Promise<{ url: string; id: string }> {
    const answer = await client
      .fetch('/api/founder-console/test-agent', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ call_direction: this.direction }),
        signal: this.over.signal,
      })
      .catch((failure) => Promise.reject(ofStart(failure)));
    const { stream, webCallId }: TestCallOpened = await answer.json();
    return new Promise((resolve, reject) => {
      void this.witness(stream, (stage, url, reason) => {
        if (stage === 'failed') reject(ofReason(reason));
        if (stage === 'failed') this.reject(ofReason(reason));
        if (stage === 'ended') this.end();
        if (stage === 'connecting') reach('preparing');
        if (url) resolve({ url, id: webCallId });
      });
    });
  }

  private async witness(path: string, tell: (stage: TestCallStage, url: string | null, reason: string | null) => void): Promise<void> {
    const { signal } = this.over;
    while (!signal.aborted) {
      try {
        const answer = await client.fetch(`${path}?until=ended`, { signal, cache: 'no-store' });
        await readEvents(answer.body!, ({ name, data }) => {
          if (!name) return;
          const { stage, webCallUrl, reason }: TestCallProgress = JSON.parse(data);
          tell(stage, webCallUrl, reason);
        });
      } catch (error) {
        if (error instanceof Failure && error.kind === 'missing') return tell('ended', null, null);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

const isSorry = (error: unknown): error is Sorry => !!error && typeof error === 'object' && 'todo' in error;

/** The transcript by lines. A line grows until it is final. */
const hear = (message: { type?: string; role?: string; transcriptType?: string; transcript?: string }): void => {
  if (message.type !== 'transcript' || !message.transcript) return;
  const line: Line = {
    who: message.role === 'user' ? 'you' : 'agent',
    text: message.transcript,
    isFinal: message.transcriptType !== 'partial',
  };
  const { value } = call;
  const last = value.lines.at(-1);
  const lines = last && !last.isFinal && last.who === line.who ? [...value.lines.slice(0, -1), line] : [...value.lines, line];
  call.value = { ...value, lines: lines.slice(-200) };
  reach('speaking');
};

addEventListener('pagehide', () => current?.end());
