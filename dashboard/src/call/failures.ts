import { Failure } from '../../client/src/failure.js';

/** A failure of a call and its remedy, in sentences. */
export interface Sorry {
  what: string;
  todo: string;
  requestId?: string;
}

/** Explains why the microphone cannot be used. */
export const ofMicrophone = (error: unknown): Sorry => {
  const name = error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return {
        what: 'The browser may not use the microphone.',
        todo: 'Allow it in the site’s settings, left of the address, then test again. Nothing was recorded.',
      };
    case 'NotFoundError':
    case 'OverconstrainedError':
      return { what: 'No microphone was found.', todo: 'Plug one in, or choose one in the system’s sound settings, then test again.' };
    case 'NotReadableError':
    case 'AbortError':
      return { what: 'The microphone is in use elsewhere.', todo: 'Close other calls and recorders, then test again.' };
    default:
      return {
        what: 'This page cannot use a microphone.',
        todo: 'Browsers give it to pages over https only, or on localhost: open the page there.',
      };
  }
};

/** Explains why the api or Vapi did not start a call. */
export const ofStart = (failure: unknown): Sorry => {
  if (!(failure instanceof Failure)) return unknown();
  const { kind, message, requestId } = failure;
  switch (kind) {
    case 'missing':
      return { what: 'There is no agent to speak with yet.', todo: 'Fill in the agent above and save it, then test again.', requestId };
    case 'offline':
      return { what: 'The server cannot be reached.', todo: 'Check your connection, then test again.' };
    case 'signed-out':
      return { what: 'You are signed out.', todo: 'Sign in, then test again.', requestId };
    default:
      return { what: `The call could not be started: ${message}.`, todo: 'Test again in a moment.', requestId };
  }
};

/** Explains Vapi's reason for a failed call. */
export const ofReason = (reason: string | null): Sorry => {
  const text = reason ?? '';
  if (/wallet|credit|balance|402/i.test(text)) return { what: 'The Vapi account has no credit left.', todo: 'Add credit at Vapi, then test again.' };
  if (/concurren/i.test(text)) return { what: 'All lines of the Vapi account are in use.', todo: 'Wait until a call has ended, then test again.' };
  if (/key|401|unauthor/i.test(text)) return { what: 'Vapi does not accept the key.', todo: 'Have VAPI_API_KEY and VAPI_PUBLIC_KEY checked.' };
  return { what: text ? `Vapi could not prepare the call: ${text.replace(/\.$/, '')}.` : 'Vapi could not prepare the call.', todo: 'Check the agent’s settings, then test again.' };
};

/** Explains why the room could not be joined, or why the call ended at once. */
export const ofRoom = (error: unknown): Sorry => {
  const text = textOf(error);
  if (/ended|ejected|expired|not exist|no longer/i.test(text)) return { what: 'The call ended before it could be joined.', todo: 'Test again; rooms are kept for some seconds only.' };
  if (/failed to load|call object bundle|timed? ?out|network|unreachable/i.test(text)) {
    return { what: 'The audio service cannot be reached from here.', todo: 'A firewall may block *.daily.co. Allow it, or use another network, then test again.' };
  }
  if (/audio-start-failed|NotAllowedError: play|play\(\)/i.test(text)) return { what: 'The browser does not play the agent’s voice.', todo: 'Allow sound for this page, then test again.' };
  return unknown();
};

export const unknown = (): Sorry => ({ what: 'The call has failed.', todo: 'Test again; if it fails again, look at the call in Vapi’s dashboard.' });

const textOf = (error: unknown): string => {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  try {
    return typeof error === 'string' ? error : JSON.stringify(error) ?? '';
  } catch {
    return '';
  }
};
