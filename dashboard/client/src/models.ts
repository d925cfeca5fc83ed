/** The read models, as the API gives them. */
export interface Pulse {
  total_calls: number;
  inbound_calls: number;
  outbound_calls: number;
  answered_calls: number;
  avg_duration_seconds: number;
  appointments_booked: number;
  avg_sentiment: number;
  success_rate: number;
  pipeline_value: number;
  hot_leads_count: number;
  calls_today: number;
  hourly: Hour[];
}

export interface Hour {
  hour: string;
  calls: number;
  inbound: number;
  avg_duration_seconds: number;
}

export interface Leads {
  leads: Lead[];
}

export interface Lead {
  id: string;
  org_id: string;
  contact_name: string | null;
  phone_number: string | null;
  email: string | null;
  lead_score: number | null;
  lead_status: string;
  service_interests: (string | null)[] | null;
  last_contact_at: string | null;
  created_at: string;
  total_calls: number;
  last_call_at: string | null;
  avg_call_duration: number | null;
  sentiment_trend: number;
  lead_temperature: 'hot' | 'warm' | 'cold';
  lead_temp: 'hot' | 'warm' | 'cold';
  follow_up_urgency: 'high' | 'medium' | 'low';
  last_call_summary: string | null;
}

export interface Activity {
  events: ActivityEvent[];
}

export interface ActivityEvent {
  id: string;
  type: 'call_completed' | 'hot_lead_detected' | 'appointment_booked';
  timestamp: string;
  summary: string;
  metadata: Record<string, string | number | null>;
}

export interface Calls {
  calls: Call[];
  pagination: { page: number; limit: number; total: number; pages: number };
}

export interface Call {
  id: string;
  phone_number: string;
  caller_name: string;
  call_date: string;
  duration_seconds: number;
  status: string;
  call_direction: string;
  sentiment_score: number | null;
  sentiment_label: string | null;
  sentiment_summary: string | null;
  outcome_summary: string | null;
  cost_cents: number;
  ended_reason: string | null;
}

/** All panels of one version. */
export interface Dashboard {
  pulse: Pulse;
  leads: Leads;
  activity: Activity;
  calls: Calls;
}
