// Before: three requests when the page opens, combined by `Promise.all`. A failed one becomes a panel of zeros, each shows
// another instant, and all three are repeated every thirty seconds.
//
//   const [statsRes, activityRes, leadsRes] = await Promise.all([
//     fetch('/api/analytics/dashboard-pulse', { headers }),
//     fetch('/api/analytics/recent-activity', { headers }),
//     fetch('/api/analytics/leads', { headers }),
//   ]);
//   if (!statsRes.ok) setStats({ total_calls: 0, avg_duration_seconds: 0 });
//   …
//
// After: one request with all panels of one instant, kept up to date.
import { Client, type Dashboard } from 'prewarm-client';
import { usePrewarm } from 'prewarm-client/react';

const client = new Client({ token: () => sessionStorage.getItem('token') ?? undefined });

export default function DashboardPage() {
  const { data, failure } = usePrewarm<Dashboard>(client, '/api/analytics/dashboard');
  return (
    <main aria-busy={!data}>
      {failure && <p role="status">What you see may be old: {failure.message}</p>}
      <h2>{data?.pulse.total_calls ?? '–'} calls</h2>
      <ul>
        {data?.leads.leads.map((lead) => (
          <li key={lead.id}>
            {lead.contact_name} ({lead.lead_temperature})
          </li>
        ))}
      </ul>
      <ol>
        {data?.activity.events.map((event) => (
          <li key={event.id}>{event.summary}</li>
        ))}
      </ol>
    </main>
  );
}
