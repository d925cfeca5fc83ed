// Made by scripts/types.mjs from openapi.json.

/** `{"events": […]}`, newest first; equal instants by the event's id, descending. */
export interface Activity {
  /** The events. */
  events: ActivityEvent[];
}

export type AgentId = string;

/** An event of an agent's stream: how far its assistant is. */
export interface AgentProgress {
  agentId: AgentId;
  assistantId: string | null;
  configHash: string | null;
  reason: string | null;
  stage: AgentStage;
}

/** What a save is answered with. */
export interface AgentSaved {
  agentId: AgentId;
  /** Vapi's id of its assistant. */
  assistantId: string | null;
  configHash: string | null;
  /** One line for people. */
  message: string;
  /** Where its events are. */
  stream: string;
  success: boolean;
  /** Vapi holds it. */
  synced: boolean;
}

/** An agent as a GET shows it. */
export interface AgentShown {
  agentId: AgentId;
  /** Vapi's id of its assistant. */
  assistantId: string | null;
  call_direction: Direction;
  /** Of what Vapi should hold; null where nothing is sent to Vapi. */
  configHash: string | null;
  firstMessage: string | null;
  /** As Vapi is given it. */
  model: Record<string, unknown> | null;
  name: string;
  /** Why it failed or waits. */
  reason: string | null;
  stage: AgentStage | null;
  /** Vapi holds it. */
  synced: boolean;
  systemPrompt: string | null;
  /** As Vapi is given it. */
  voice: Record<string, unknown> | null;
}

export type AgentStage = 'pending' | 'preparing' | 'creating' | 'updating' | 'synced' | 'failed';

/** One row, in the order of its keys. What the source has no column for is false, empty or null. */
export interface Call {
  appointment_id: string | null;
  appointment_scheduled_at: Timestamp | null;
  appointment_service_type: string | null;
  appointment_status: string | null;
  call_date: Timestamp | null;
  call_direction: string;
  call_type: string;
  caller_name: string;
  cost_cents: number;
  duration_seconds: number;
  ended_reason: string | null;
  has_appointment: boolean;
  has_recording: boolean;
  has_transcript: boolean;
  id: CallId;
  outcome: string | null;
  outcome_summary: string | null;
  phone_number: string;
  recording_status: string | null;
  sentiment_label: string | null;
  sentiment_score: Decimal | null;
  sentiment_summary: string | null;
  sentiment_urgency: string | null;
  status: string;
  tools_used: string[];
}

export type CallId = string;

/** `{"calls": […], "pagination": {…}}`. */
export interface Calls {
  /** The page's rows. */
  calls: Call[];
  /** Where the page lies. */
  pagination: Pagination;
}

export type ContactId = string;

/** All panels of one version, each as its own route gives it. */
export interface Dashboard {
  activity: Activity;
  calls: Calls;
  leads: Leads;
  pulse: Pulse;
}

/** Who calls whom. */
export type Direction = 'inbound' | 'outbound';

/** One event. */
export interface ActivityEvent {
  /** `call_<id>`, `hotlead_<contact's id>` or `appointment_<id>`. */
  id: string;
  /** The parts of that line. */
  metadata: Metadata;
  /** One line for people. */
  summary: string;
  timestamp: Timestamp | null;
  /** `call_completed`, `hot_lead_detected` or `appointment_booked`. */
  type: string;
}

/** The fault of a field. */
export interface FieldProblem {
  /** Its path: `name`, `voice.stability`. */
  field: string;
  /** Completes a sentence that begins with the field. */
  problem: string;
}

/** One UTC hour with calls in it. */
export interface Hour {
  /** Over its calls that have a duration; 0 without. */
  avg_duration_seconds: number;
  /** Calls created in it. */
  calls: number;
  /** Its first instant. */
  hour: Timestamp;
  /** Those that came in. */
  inbound: number;
}

/** One row, in the order of its keys. */
export interface Lead {
  avg_call_duration: Decimal | null;
  contact_name: string | null;
  created_at: Timestamp | null;
  email: string | null;
  /** high within 24 hours of the last contact, medium within 7 days, else low. */
  follow_up_urgency: string;
  id: ContactId;
  last_call_at: Timestamp | null;
  /** Of the newest call. */
  last_call_summary: string | null;
  last_contact_at: Timestamp | null;
  lead_score: number | null;
  lead_status: string;
  /** The same under the name that existing widgets read. */
  lead_temp: string;
  /** hot from a score of 80 on, warm from 50, else cold. */
  lead_temperature: string;
  org_id: OrgId;
  phone_number: string | null;
  /** −1 to 1: the mean of positive (1), negative (−1) and other (0) calls. */
  sentiment_trend: Decimal;
  service_interests: (string | null)[] | null;
  /** Calls of the org that name the contact or come from its phone, each once; test calls too. */
  total_calls: number;
}

/** `{"leads": […]}`, at most [`LIMIT`] rows in the order of `lead_rank` in `view_actionable_leads`. */
export interface Leads {
  /** The rows. */
  leads: Lead[];
}

/** The facts behind an event, in the order of its keys. */
export type Metadata = {
  call_direction: string;
  caller_name: string;
  duration_seconds: number;
  sentiment_label: string;
  sentiment_summary: string;
  sentiment_urgency: string;
} | {
  call_id: string | null;
  lead_name: string;
  lead_phone: string | null;
  lead_score: number | null;
  service_interest: string | null;
} | {
  contact_phone: string | null;
  customer_name: string;
  scheduled_at: Timestamp | null;
  service_type: string | null;
};

/** An event `version` of the stream: a version that the server has made. */
export interface News {
  /** The instant that it is true for. */
  as_of: Timestamp;
  /** The tags of the models. */
  models: Record<string, string>;
  version: Version;
}

export type Decimal = number;

/** Which agent a test call is with. The org is the token's, whatever else a body says. */
export interface OpenTestCall {
  call_direction?: Direction | null;
}

export type OrgId = string;

/** The org of a token. */
export interface Organization {
  /** What it calls itself. */
  name: string | null;
  /** The IANA name of the zone whose midnight begins its day: UTC where none is known. */
  timezone: string;
}

/** Where a page lies among all. */
export interface Pagination {
  /** Rows of a page. */
  limit: number;
  /** From 1 on. */
  page: number;
  /** The number of pages; 0 without rows. */
  pages: number;
  /** Rows of all pages. */
  total: number;
}

/** Why there is no such answer. */
export interface Problem {
  /** One line for people. */
  error: string;
}

/** Numbers only, never null, in the order of their keys. */
export interface Pulse {
  /** Those with a duration above zero. */
  answered_calls: number;
  /** Live appointments: pending, confirmed, in progress, completed. */
  appointments_booked: number;
  /** Over the calls that have a duration. */
  avg_duration_seconds: number;
  /** 0 to 1, over the calls that have a score. */
  avg_sentiment: Decimal;
  /** Created on the org's calendar day of the build. */
  calls_today: number;
  /** Actionable contacts with a score from 80 on. */
  hot_leads_count: number;
  /** The non-empty hours of the last week, oldest first. */
  hourly: Hour[];
  /** Those that came in. */
  inbound_calls: number;
  /** Those that went out. */
  outbound_calls: number;
  /** Estimated value of the actionable contacts. */
  pipeline_value: Decimal;
  /** Percent of the inbound calls whose contact has since booked a live appointment. */
  success_rate: Decimal;
  /** All calls. */
  total_calls: number;
}

export type Receipt = string;

/** What a webhook is answered with. */
export interface Received {
  /** Who takes the call that was asked about. */
  assistantId: string | null;
  /** Why nobody takes it. */
  error: string | null;
  receipt: Receipt | null;
  /** It is on disk. */
  received: boolean | null;
}

/** Why a save or a test call is refused. */
export interface Refusal {
  /** One line for people. */
  error: string;
  /** The faults, by field. */
  fields: FieldProblem[] | null;
  success: boolean | null;
}

/** An agent as a person saves it: whole. What is left out is not wanted. What a GET shows of it may be sent back: what is not a person's to say is not minded. */
export interface SaveAgent {
  agentId?: unknown | null;
  assistantId?: unknown | null;
  call_direction?: Direction | null;
  configHash?: unknown | null;
  firstMessage?: string | null;
  /** As Vapi is given it. */
  model?: Record<string, unknown> | null;
  name: string;
  reason?: unknown | null;
  stage?: unknown | null;
  synced?: unknown | null;
  systemPrompt?: string | null;
  /** As Vapi is given it. */
  voice?: Record<string, unknown> | null;
}

/** What a click on "Test agent" is answered with. */
export interface TestCallOpened {
  /** Vapi's id of the assistant, if there is one yet. */
  assistantId: string | null;
  /** One line for people. */
  message: string;
  /** Where its events are. */
  stream: string;
  success: boolean;
  webCallId: string;
}

/** An event of a test call's stream: how far it is. */
export interface TestCallProgress {
  assistantId: string | null;
  /** Why it failed. */
  reason: string | null;
  stage: TestCallStage;
  webCallId: string;
  /** Where it is joined, once it is ready. */
  webCallUrl: string | null;
}

export type TestCallStage = 'preparing' | 'connecting' | 'ready' | 'failed' | 'ended';

export type Timestamp = string;

export type Version = string;

/** A webhook of Vapi's. */
export interface Webhook {
  message: Record<string, unknown>;
}
