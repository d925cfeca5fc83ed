import { effect } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';
import type { Lead } from '../../client/src/models.js';
import { announce } from '../announce.js';
import { loadMore } from '../intent.js';
import { Ago, Copy, Icon, memo, NoRows, Panel, Phone, Pill } from '../parts.js';
import { canNotify, notifies } from '../notify.js';
import { firstOf, useChanges, useGlide, useHeld, useHold } from '../rows.js';
import { newest, shown } from '../store.js';
import { leadName, plural, whole } from '../text.js';

const download = (leads: Lead[]): void => void loadMore().then(({ saveLeads }) => saveLeads(leads));

/** A narrow screen shows this many rows at first, so that the other panels stay within reach. */
const FIRST = 12;

const MOODS = { good: 'Rather positive calls', even: 'Neither positive nor negative', bad: 'Rather negative calls' };
const moodOf = (trend: number): keyof typeof MOODS => (trend > 0.2 ? 'good' : trend < -0.2 ? 'bad' : 'even');

export const Leads = () => {
  const leads = shown.value.data?.leads.leads;
  const [held, handlers, watch] = useHold();
  const [all, showAll] = useState(false);
  const list = useRef<HTMLTableSectionElement>(null);
  const { rows, gone, fresh, apply } = useHeld(leads ?? [], held);
  const changed = useChanges(leads ?? []);
  useGlide(list, rows.map((row) => row.id).join());
  const show = () => {
    apply();
    list.current?.closest('.scroll')?.scrollTo({ top: 0 });
  };
  return (
    <Panel
      name="Leads"
      class="leads"
      note={leads && (leads.length < 50 ? plural(leads.length, 'lead') : 'the fifty most urgent')}
      tools={
        <>
          {canNotify && (
            <button
              type="button"
              class="bell"
              aria-pressed={notifies.value}
              aria-label="Notify me of new hot leads"
              title="Notify me of new hot leads while I look elsewhere"
              onClick={() => void loadMore().then(({ toggleNotify }) => toggleNotify())}
            >
              <Icon name="bell" />
            </button>
          )}
          <button type="button" onClick={() => download(rows)} disabled={!rows.length}>
            <Icon name="down" /> Download CSV
          </button>
        </>
      }
    >
      <Pill fresh={fresh} apply={show} />
      <div class="scroll" data-all={all || undefined} tabIndex={0} role="group" aria-label="Leads, scrollable" ref={watch} {...handlers}>
        <table>
          <thead>
            <tr>
              <th scope="col">Lead</th>
              <th scope="col">Temperature</th>
              <th scope="col">Follow up</th>
              <th scope="col" class="wide">Last call</th>
              <th scope="col">Number</th>
            </tr>
          </thead>
          <tbody ref={list}>
            {leads && !leads.length && <NoLeads />}
            {firstOf(rows).map((lead) => (
              <LeadRow key={lead.id} lead={lead} gone={gone.has(lead.id)} mark={changed.get(lead.id)} />
            ))}
          </tbody>
        </table>
        {rows.length > FIRST && !all && (
          <button type="button" class="all" onClick={() => showAll(true)}>
            Show all {rows.length}
          </button>
        )}
      </div>
    </Panel>
  );
};

const NoLeads = () => (
  <NoRows columns={5}>
    {shown.value.data?.pulse.total_calls
      ? 'Nobody waits to be followed up. A contact that is new, contacted or qualified is shown here.'
      : 'No leads yet. The first caller is here a moment after the call.'}
  </NoRows>
);

const LeadRow = memo(({ lead, gone, mark }: { lead: Lead; gone: boolean; mark?: string }) => {
  const name = leadName(lead);
  const mood = moodOf(lead.sentiment_trend);
  const interests = lead.service_interests?.filter(Boolean).join(', ');
  return (
    <tr data-id={lead.id} data-changed={mark} data-gone={gone || undefined} tabIndex={-1}>
      <th scope="row" title={name}>
        <span class="name">
          <bdi>{name}</bdi>
        </span>
        {interests && <span class="under">{interests}</span>}
      </th>
      <td data-label="Temperature">
        <span class={`heat ${lead.lead_temperature}`}>
          {lead.lead_temperature === 'hot' && <Icon name="flame" />}
          <b>{lead.lead_temperature}</b>
          <span class="score">{lead.lead_score ?? '–'}</span>
        </span>
        <span class={`mood ${mood}`} title={MOODS[mood]}>
          <span aria-hidden="true">{{ good: '▲', even: '■', bad: '▼' }[mood]}</span>
          <span class="unseen">{MOODS[mood]}</span>
        </span>
      </td>
      <td data-label="Follow up">
        <span class={`urgency ${lead.follow_up_urgency}`}>{lead.follow_up_urgency}</span>
        <span class="under">
          <Ago at={lead.last_contact_at} />
        </span>
      </td>
      <td class="wide summary" data-label="Last call">
        <span class="clamp" title={lead.last_call_summary ?? undefined}>
          {lead.last_call_summary || <span class="quiet">No summary</span>}
        </span>
        <span class="under">
          {plural(lead.total_calls, 'call')}, last <Ago at={lead.last_call_at} />
        </span>
      </td>
      <td data-label="Number">
        <Phone number={lead.phone_number} of={name} />
        {lead.email && <Copy text={lead.email} what={`the e-mail address of ${name}`} icon="mail" />}
      </td>
    </tr>
  );
});

/** Announces leads that have become hot, and counts them in the title while the page is hidden. */
let hot: Set<string> | undefined;
effect(() => {
  const leads = newest.value.data?.leads?.leads;
  if (!leads) {
    hot = undefined;
    return;
  }
  const is = leads.filter((lead) => lead.lead_temperature === 'hot');
  const new_ = hot ? is.filter((lead) => !hot!.has(lead.id)) : [];
  hot = new Set([...(hot ?? []), ...is.map((lead) => lead.id)]);
  if (!new_.length) return;
  if (document.visibilityState === 'hidden') void loadMore().then(({ tellOfHot }) => tellOfHot(new_), () => {});
  announce(new_.length === 1 ? `New hot lead: ${leadName(new_[0]!)}.` : `${whole(new_.length)} new hot leads.`);
});
