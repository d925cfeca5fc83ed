import { signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { AgentProgress, AgentSaved, AgentShown, Direction, Refusal, SaveAgent } from '../../client/src/models.js';
import { readEvents } from '../../client/src/events.js';
import { Failure } from '../../client/src/failure.js';
import { checkMicrophone, intend, kit, test } from '../call/intent.js';
import { look, permission } from '../call/microphone.js';
import { call, isLive } from '../call/state.js';
import { Icon, Panel, Trouble } from '../parts.js';
import { client, isSignedIn } from '../session.js';
import { isPast } from '../store.js';

type Agent = Pick<AgentShown, 'call_direction' | 'name' | 'systemPrompt' | 'firstMessage' | 'voice' | 'model'>;

type Progress = { stage: 'saving' | 'telling' | 'synced' | 'failed' | 'seen'; reason?: string };

const BLANK: Agent = {
  call_direction: 'inbound',
  name: '',
  systemPrompt: '',
  firstMessage: '',
  voice: { provider: '11labs', voiceId: 'sarah' },
  model: { provider: 'openai', model: 'gpt-4o' },
};

const direction = signal<Direction>('inbound');
const saved = signal<Agent | undefined>(undefined);
const draft = signal<Agent | undefined>(undefined);
const failure = signal<Failure | undefined>(undefined);
const progress = signal<Progress | undefined>(undefined);
const faults = signal<Record<string, string>>({});

const PATH = '/api/founder-console/agent';

const read = async (): Promise<void> => {
  const of = direction.peek();
  try {
    const answer = await client.fetch(`${PATH}?call_direction=${of}`);
    const agent: AgentShown = await answer.json();
    if (of !== direction.peek()) return;
    saved.value = draft.value = { ...agent, call_direction: of };
    failure.value = undefined;
    progress.value = undefined;
    if (agent.stage === 'failed') progress.value = { stage: 'failed', reason: agent.reason ?? undefined };
  } catch (error) {
    if (of !== direction.peek()) return;
    failure.value = error as Failure;
    if (failure.value.kind === 'missing') saved.value = draft.value = { ...BLANK, call_direction: of };
  }
};

const isDirty = (): boolean => JSON.stringify(saved.value) !== JSON.stringify(draft.value);

const save = async (event: Event): Promise<void> => {
  event.preventDefault();
  const { call_direction, name, systemPrompt, firstMessage, voice, model } = draft.peek()!;
  progress.value = { stage: 'saving' };
  faults.value = {};
  try {
    const body: SaveAgent = { call_direction, name, systemPrompt, firstMessage, voice, model };
    // Resolves once the watched agent includes the write.
    const told = await client.mutate<AgentSaved>(PATH, body);
    failure.value = undefined;
    saved.value = draft.value = { ...draft.peek()! };
    progress.value = { stage: told.synced ? 'synced' : 'telling' };
    if (!told.synced) await follow(told.stream);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    progress.value = undefined;
    const fields = (error.body as Refusal | undefined)?.fields;
    if (fields) faults.value = Object.fromEntries(fields.map(({ field, problem }) => [field.split('.')[0]!, `${field} ${problem}`]));
    failure.value = error;
  }
};

/** The progress at Vapi. */
const follow = async (path: string): Promise<void> => {
  const answer = await client.fetch(path, { cache: 'no-store' });
  await readEvents(answer.body!, ({ name, data }) => {
    if (name === 'synced') progress.value = { stage: 'synced' };
    if (name === 'failed') progress.value = { stage: 'failed', reason: (JSON.parse(data) as AgentProgress).reason ?? undefined };
  });
};

const WORDS: Record<Progress['stage'], string> = {
  saving: 'Saving…',
  telling: 'Saved. Updating Vapi…',
  synced: 'Saved, and ready to be called.',
  failed: 'Saved, but refused by Vapi',
  seen: '',
};

export const AgentPanel = () => {
  useEffect(() => {
    void look();
    if (isSignedIn.value && !isPast.peek()) void read();
  }, [direction.value]);
  const agent = draft.value;
  const live = isLive(call.value);
  const isNew = failure.value?.kind === 'missing';
  const set = (change: Partial<Agent>) => (draft.value = { ...draft.peek()!, ...change });
  const { value: told } = progress;
  const readOnly = isPast.value;
  const { CallPanel, CheckResult: Result } = kit.value ?? {};
  const { sorry } = call.value;
  return (
    <Panel
      name="Agent"
      class="agent"
      tools={
        <button
          type="button"
          class="main"
          disabled={live || readOnly}
          onPointerEnter={intend}
          onFocus={intend}
          onPointerDown={intend}
          onClick={() => test(direction.value)}
        >
          <Icon name="mic" /> Test agent
        </button>
      }
    >
      {CallPanel ? <CallPanel direction={direction.value} /> : sorry && <p class="hint" role="alert"><b>{sorry.what}</b> {sorry.todo}</p>}
      <div class="tabs" role="group" aria-label="Direction">
        {(['inbound', 'outbound'] as const).map((name) => (
          <button key={name} type="button" aria-pressed={direction.value === name} disabled={live} onClick={() => (direction.value = name)}>
            {name === 'inbound' ? 'Answers calls' : 'Makes calls'}
          </button>
        ))}
      </div>
      <form onSubmit={save} aria-label="Agent’s settings">
        <fieldset disabled={!agent || readOnly}>
          <Field label="Name" fault={faults.value.name}>
            <input required maxLength={40} value={agent?.name ?? ''} onInput={(e) => set({ name: e.currentTarget.value })} />
          </Field>
          <Field label="First message" fault={faults.value.firstMessage}>
            <input value={agent?.firstMessage ?? ''} onInput={(e) => set({ firstMessage: e.currentTarget.value })} />
          </Field>
          <Field label="What it is told to do" fault={faults.value.systemPrompt}>
            <textarea rows={5} value={agent?.systemPrompt ?? ''} onInput={(e) => set({ systemPrompt: e.currentTarget.value })} />
          </Field>
          <div class="pair">
            <Field label="Voice" fault={faults.value.voice}>
              <input
                value={String(agent?.voice?.voiceId ?? '')}
                onInput={(e) => set({ voice: { ...agent?.voice, voiceId: e.currentTarget.value } })}
              />
            </Field>
            <Field label="Model" fault={faults.value.model}>
              <input
                value={String(agent?.model?.model ?? '')}
                onInput={(e) => set({ model: { ...agent?.model, model: e.currentTarget.value } })}
              />
            </Field>
          </div>
          <div class="line">
            <span class={`progress ${told?.stage ?? ''}`} role="status">
              {told ? WORDS[told.stage] : isNew && 'There is no such agent yet. Say who it is and how it greets, and save.'}
              {told?.reason && `: ${told.reason}`}
            </span>
            <button type="submit" disabled={!isDirty() || told?.stage === 'saving'}>
              Save
            </button>
          </div>
        </fieldset>
      </form>
      {failure.value && !isNew && !Object.keys(faults.value).length && (
        <Trouble failure={failure.value} what="The agent could not be read or saved." onRetry={() => void read()} />
      )}
      {!readOnly && (
        <div class="line check">
          <button type="button" disabled={live} onPointerEnter={intend} onFocus={intend} onClick={checkMicrophone}>
            Check microphone
          </button>
          {permission.value === 'denied' ? (
            <span class="heard">The microphone is blocked for this page. Allow it in the site’s settings, left of the address, to test the agent.</span>
          ) : (
            Result && <Result />
          )}
        </div>
      )}
    </Panel>
  );
};

const Field = ({ label, fault, children }: { label: string; fault?: string; children: preact.ComponentChildren }) => (
  <label class="field" data-fault={fault ? true : undefined}>
    <span>{label}</span>
    {children}
    {fault && (
      <span class="fault" role="alert">
        {fault}.
      </span>
    )}
  </label>
);
