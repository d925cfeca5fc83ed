import { useEffect, useLayoutEffect } from 'preact/hooks';
import { said } from './announce.js';
import { Looking } from './cost.js';
import { loadMore, more } from './intent.js';
import { HelpButton } from './keyboard.js';
import { Activity } from './panels/activity.js';
import { AgentPanel } from './panels/agent.js';
import { Calls } from './panels/calls.js';
import { Leads } from './panels/leads.js';
import { Pulse } from './panels/pulse.js';
import { signOut, token } from './session.js';
import { isPainted, isPast, shown, state } from './store.js';
import { absolute } from './text.js';
import { Notice, Pause, Truth } from './truth.js';

export const Page = () => {
  const { data, labels } = shown.value;
  const { Help, SignedOut } = more.value ?? {};
  const isOut = state.value === 'signed-out';
  useEffect(() => {
    if (isOut) loadMore().catch(() => {});
  }, [isOut]);
  useLayoutEffect(() => {
    // After the paint, so that the mark is the time when the data was visible.
    if (data) requestAnimationFrame(() => setTimeout(mark));
  }, [!!data]);
  return (
    <>
      <a class="skip" href="#panels">
        To the panels
      </a>
      <header class="top">
        <h1>
          <img src="/favicon.svg" alt="" width="22" height="22" /> Prewarm
        </h1>
        {token.value && <Truth />}
        {token.value && (
          <div class="tools">
            <Pause />
            <HelpButton />
            <button type="button" class="plain" onClick={() => void signOut()}>
              Sign out
            </button>
          </div>
        )}
      </header>
      {/* Rendered empty first: screen readers only announce changes of an existing region. */}
      <p class="unseen" role="status" aria-live="polite" aria-atomic="true">
        {said.value}
      </p>
      <main
        id="panels"
        tabIndex={-1}
        data-version={labels?.version}
        data-state={state.value}
        data-past={isPast.value || undefined}
        data-kept={shown.value.kept || undefined}
      >
        <Notice />
        {isOut && SignedOut && <SignedOut />}
        {token.value && (
          <div class="panels" data-dimmed={(data && state.value !== 'fresh' && state.value !== 'stale') || shown.value.kept || undefined}>
            <Pulse />
            <div class="columns">
              <Leads />
              <Activity />
            </div>
            <div class="columns">
              <Calls />
              <AgentPanel />
            </div>
          </div>
        )}
      </main>
      <footer>
        {token.value && <Looking />}
        <p class="printed">
          {labels?.asOf && `As of ${absolute(labels.asOf)}, version ${labels.version}`}
        </p>
      </footer>
      {Help && <Help />}
    </>
  );
};

const mark = () => {
  if (isPainted.peek()) return;
  performance.mark('prewarm:data');
  isPainted.value = true;
};
