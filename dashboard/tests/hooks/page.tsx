// A page of another application: the example unchanged, and each hook.
import { type AgentShown, Client, type Dashboard } from 'prewarm-client';
import { useMutation, usePrewarm, useWay } from 'prewarm-client/react';
import { mount } from 'framework';
import Example from '../../client/example/dashboard.js';

const client = new Client({ token: () => sessionStorage.getItem('token') ?? undefined });
const AGENT = '/api/founder-console/agent';
/** A back-end route of the application that passes the receipt on. */
const BOOK = '/book';

const Total = () => {
  const { data, failure } = usePrewarm<Dashboard>(client, '/api/analytics/dashboard');
  const { write, pending, failure: refused } = useMutation(client, BOOK);
  const book = async () => {
    const told = await write({});
    // The state right after the write returns, before the next render.
    const { snapshot } = client.watch<Dashboard>('/api/analytics/dashboard');
    document.body.dataset.booked = told ? `${told.seen} ${snapshot.data?.pulse.total_calls}` : 'nothing';
  };
  return (
    <section>
      <output id="total">{data?.pulse.total_calls}</output>
      <output id="way">{useWay(client)}</output>
      <output id="failure">{failure?.kind}</output>
      <button id="book" disabled={pending} onClick={book}>
        Book
      </button>
      <output id="refused">{refused && `${refused.kind}: ${refused.message}`}</output>
    </section>
  );
};

const Greeting = () => {
  const { data } = usePrewarm<AgentShown>(client, `${AGENT}?call_direction=inbound`);
  const { write } = useMutation(client, AGENT);
  const save = async () => {
    const told = await write({ ...data, call_direction: 'inbound', firstMessage: 'Good morning!' });
    document.body.dataset.saved = String(told?.seen);
  };
  return (
    <section>
      <output id="greeting">{data?.firstMessage}</output>
      <button id="save" onClick={save}>
        Save
      </button>
    </section>
  );
};

const unmount = mount(
  <>
    <Example />
    <Total />
    <Greeting />
  </>,
  document.querySelector('#root')!,
);
Object.assign(window, { unmount, client });
