import { signal } from '@preact/signals';
import { reply } from '../announce.js';
import { ofMicrophone, type Sorry } from './failures.js';
import { meter } from './meter.js';
import { coolDown } from './microphone.js';
import { call, isLive } from './state.js';

interface Check {
  stage: 'off' | 'asking' | 'on';
  /** Whether the microphone has heard something as loud as a voice. */
  heard: boolean;
  sorry?: Sorry;
}

const OFF: Check = { stage: 'off', heard: false };
const VOICE = 0.06;

const check = signal(OFF);
const level = signal(0);

/** Shows the microphone's level until it is released or a call takes it. */
export const listen = async (opened: Promise<MediaStream>): Promise<void> => {
  check.value = { stage: 'asking', heard: false };
  let stream: MediaStream;
  try {
    stream = await opened;
  } catch (error) {
    check.value = { ...OFF, sorry: ofMicrophone(error) };
    return;
  }
  check.value = { stage: 'on', heard: false };
  const end = meter(stream, (loud) => {
    const isOver = isLive(call.peek()) || stream.getAudioTracks().every((track) => track.readyState === 'ended');
    level.value = isOver ? 0 : loud;
    if (isOver) {
      end();
      check.value = { ...OFF, heard: check.peek().heard };
    } else if (loud > VOICE && !check.peek().heard) {
      check.value = { stage: 'on', heard: true };
      reply('The microphone hears you.');
    }
  });
};

const WORDS = { off: '', asking: 'If the browser asks, allow it.', on: 'Say something.' };

/** The result of the check, beside its button. */
export const CheckResult = () => {
  const { stage, heard, sorry } = check.value;
  if (stage === 'on') {
    return (
      <>
        <span class="meter" role="img" aria-label="Level of the microphone">
          <Level />
        </span>
        <span class="heard">{heard ? 'It hears you.' : WORDS.on}</span>
        <button type="button" class="plain" onClick={coolDown}>
          Stop
        </button>
      </>
    );
  }
  if (sorry) return <span class="fault" role="alert">{sorry.what} {sorry.todo}</span>;
  return <span class="heard">{heard ? 'It heard you. The microphone is off.' : WORDS[stage]}</span>;
};

const Level = () => <i style={{ transform: `scaleX(${level.value.toFixed(3)})` }} />;
