import { signal } from '@preact/signals';
import type { Sorry } from './failures.js';

/** The progress of a call. */
export type Stage = 'idle' | 'microphone' | 'preparing' | 'connecting' | 'ready' | 'speaking' | 'ended' | 'failed';

/** A line of the transcript. */
export interface Line {
  who: 'agent' | 'you';
  text: string;
  isFinal: boolean;
}

export interface State {
  stage: Stage;
  startedAt: number;
  /** When both sides were connected. */
  talkingSince?: number;
  endedAt?: number;
  muted: boolean;
  /** Whether the connection is weak. */
  weak: boolean;
  lines: Line[];
  sorry?: Sorry;
}

export const IDLE: State = { stage: 'idle', startedAt: 0, muted: false, weak: false, lines: [] };
export const call = signal<State>(IDLE);

export const isLive = ({ stage }: State): boolean => stage !== 'idle' && stage !== 'ended' && stage !== 'failed';
