import { useEffect, useRef } from 'preact/hooks';
import { Copy, Icon } from '../parts.js';
import { now } from '../store.js';
import { duration } from '../text.js';
import { dismiss, hangUp, level, mute } from './call.js';
import { test } from './intent.js';
import { call, isLive, type Stage } from './state.js';

const STEPS: [Stage, string][] = [
  ['microphone', 'Microphone'],
  ['preparing', 'Preparing'],
  ['connecting', 'Connecting'],
  ['ready', 'Ready'],
  ['speaking', 'Speaking'],
];

const SENTENCES: Partial<Record<Stage, string>> = {
  microphone: 'Waiting for the microphone. If the browser asks, allow it.',
  preparing: 'Preparing the agent.',
  connecting: 'Connecting.',
  ready: 'Connected. Say hello.',
  speaking: 'You are speaking with the agent.',
  ended: 'The call has ended. The microphone is off.',
};

export const CallPanel = ({ direction }: { direction: string }) => {
  const { stage, startedAt, talkingSince, endedAt, muted, weak, lines, sorry } = call.value;
  const end = useRef<HTMLButtonElement>(null);
  const log = useRef<HTMLOListElement>(null);
  useEffect(() => log.current?.scrollTo({ top: log.current.scrollHeight }), [lines]);
  if (stage === 'idle') return null;
  const live = isLive(call.value);
  // The local clock will do for a duration.
  void now.value;
  const elapsed = ((endedAt ?? Date.now()) - (talkingSince ?? startedAt)) / 1000;
  const at = STEPS.findIndex(([name]) => name === stage);
  return (
    <div class="call" data-stage={stage} role="group" aria-label="Test call">
      <ol class="steps">
        {STEPS.map(([name, label], i) => (
          <li key={name} class={i < at || stage === 'ended' ? 'done' : i === at ? 'now' : ''} aria-current={i === at ? 'step' : undefined}>
            {label}
          </li>
        ))}
      </ol>
      <p class="stage" role="status">
        {sorry ? '' : SENTENCES[stage]}
        {weak && live && ' Your connection is weak: words may be lost.'}
      </p>
      {sorry && (
        <p class="trouble" role="alert">
          <span>
            <b>{sorry.what}</b> {sorry.todo}
            {sorry.requestId && (
              <>
                {' '}
                Request <code>{sorry.requestId}</code>
                <Copy text={sorry.requestId} what="the request’s id" />
              </>
            )}
          </span>
        </p>
      )}
      {live && (
        <div class="line">
          <span class="meter" role="img" aria-label="Level of the microphone" data-muted={muted || undefined}>
            <Meter />
          </span>
          <span class="elapsed" aria-live="off">{talkingSince ? duration(elapsed) : `${elapsed.toFixed(1)} s`}</span>
          <button type="button" aria-pressed={muted} onClick={mute}>
            {muted ? 'Unmute' : 'Mute'}
          </button>
          <button type="button" class="end" ref={end} onClick={hangUp}>
            End call
          </button>
        </div>
      )}
      {(live || lines.length > 0) && (
        <ol class="transcript" ref={log} aria-label="Transcript" tabIndex={0}>
          {lines.map((line, i) => (
            <li key={i} class={line.who} data-partial={!line.isFinal || undefined}>
              <b>{line.who === 'you' ? 'You' : 'Agent'}</b> <bdi>{line.text}</bdi>
            </li>
          ))}
        </ol>
      )}
      {!live && (
        <div class="line">
          <span class="elapsed">{talkingSince ? `Lasted ${duration(elapsed)}` : ''}</span>
          <button type="button" onClick={() => test(direction)}>
            <Icon name="mic" /> Test again
          </button>
          <button type="button" onClick={dismiss}>
            Close
          </button>
        </div>
      )}
    </div>
  );
};

const Meter = () => <i style={{ transform: `scaleX(${level.value.toFixed(3)})` }} />;
