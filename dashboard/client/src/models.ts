// Made by scripts/types.mjs from openapi.json.

/** `{"events": […]}`, newest first; equal instants by the event's id, descending. */
export interface Activity {
  /** The events. */
  events: ActivityEvent[];
}

export type AgentId = string;

/** An event of an agent's stream: the state of its assistant. */
export interface AgentProgress {
  agentId: AgentId;
  assistantId: string | null;
  configHash: string | null;
  reason: string | null;
  stage: AgentStage;
}

/** The answer to a save. */
export interface AgentSaved {
  agentId: AgentId;
  /** Vapi's id of the assistant. */
  assistantId: string | null;
  configHash: string | null;
  /** A line for people. */
  message: string;
  /** Path of the agent's event stream. */
  stream: string;
  success: boolean;
  /** Whether Vapi has this configuration. */
  synced: boolean;
}

/** An agent and the state of its assistant. */
export interface AgentShown {
  agentId: AgentId;
  /** Vapi's id of the assistant. */
  assistantId: string | null;
  call_direction: Direction;
  /** Hash of the configuration; null if this installation sends nothing to Vapi. */
  configHash: string | null;
  firstMessage: string | null;
  /** Vapi's model object. */
  model: Record<string, unknown> | null;
  name: string;
  /** Why the assistant failed or waits. */
  reason: string | null;
  stage: AgentStage | null;
  /** Whether Vapi has this configuration. */
  synced: boolean;
  systemPrompt: string | null;
  /** Vapi's voice object. */
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

/** All panels of one version. */
export interface Dashboard {
  activity: Activity;
  calls: Calls;
  leads: Leads;
  pulse: Pulse;
}

/** The direction of an agent's calls. */
export type Direction = 'inbound' | 'outbound';

/** One event. */
export interface ActivityEvent {
  /** `call_<id>`, `hotlead_<contact's id>` or `appointment_<id>`. */
  id: string;
  /** What the line was made of. */
  metadata: Metadata;
  /** One line for people. */
  summary: string;
  timestamp: Timestamp | null;
  /** `call_completed`, `hot_lead_detected` or `appointment_booked`. */
  type: string;
}

/** A fault of a field. */
export interface FieldProblem {
  /** The path, such as `name` or `voice.stability`. */
  field: string;
  /** The predicate of a sentence about the field. */
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

/** What an event was made of, in the order of its keys. */
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

/** An event `version` of the stream: a new version. */
export interface News {
  /** The instant of its snapshot. */
  as_of: Timestamp;
  /** The entity tags of the models. */
  models: Record<string, string>;
  version: Version;
}

export type Decimal = number;

/** The agent of a test call. The org is the token's, whatever else the body contains. */
export interface OpenTestCall {
  call_direction?: Direction | null;
}

export type OrgId = string;

/** The org of the token. */
export interface Organization {
  /** The org's name. */
  name: string | null;
  /** IANA name of the time zone that its days are counted in; UTC if it is unknown. */
  timezone: string;
}

/** Where a page lies among all. */
export interface Pagination {
  /** Rows of a page. */
  limit: number;
  /** From 1 on. */
  page: number;
  /** How many pages there are; 0 without rows. */
  pages: number;
  /** Rows of all pages. */
  total: number;
}

/** An error in JSON. */
export interface Problem {
  /** A line for people. */
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

/** The answer to a webhook. */
export interface Received {
  /** The assistant that answers the call of an assistant request. */
  assistantId: string | null;
  /** Why no assistant answers the call. */
  error: string | null;
  receipt: Receipt | null;
  /** Whether the webhook is stored. */
  received: boolean | null;
}

/** The answer to a refused save or test call. */
export interface Refusal {
  /** A line for people. */
  error: string;
  /** The faults by field. */
  fields: FieldProblem[] | null;
  success: boolean | null;
}

/** The complete settings of an agent. Omitted fields are cleared. Fields of a GET that cannot be set are ignored, so that its body can be sent back. */
export interface SaveAgent {
  agentId?: unknown | null;
  assistantId?: unknown | null;
  call_direction?: Direction | null;
  configHash?: unknown | null;
  firstMessage?: string | null;
  /** Vapi's model object. */
  model?: Record<string, unknown> | null;
  name: string;
  reason?: unknown | null;
  stage?: unknown | null;
  synced?: unknown | null;
  systemPrompt?: string | null;
  /** Vapi's voice object. */
  voice?: Record<string, unknown> | null;
}

/** The answer to opening a test call. */
export interface TestCallOpened {
  /** Vapi's id of the assistant, if it has one yet. */
  assistantId: string | null;
  /** A line for people. */
  message: string;
  /** Path of the test call's event stream. */
  stream: string;
  success: boolean;
  webCallId: string;
}

/** An event of a test call's stream: its state. */
export interface TestCallProgress {
  assistantId: string | null;
  /** Why the call failed. */
  reason: string | null;
  stage: TestCallStage;
  webCallId: string;
  /** URL to join the call, once it is ready. */
  webCallUrl: string | null;
}

export type TestCallStage = 'preparing' | 'connecting' | 'ready' | 'failed' | 'ended';

export type Timestamp = string;

export type Version = string;

/** A webhook of Vapi. */
export interface Webhook {
  message: Record<string, unknown>;
}
