//! Events: the owner of the tables changes them, and the operator Prewarm.

/// One step of an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Statements of a migration of the application, in one transaction, by the owner of the tables, whose name is OWNER.
    Theirs(&'static str),
    /// The same, by a superuser.
    Superuser(&'static str),
    /// A statement that runs in no transaction, by the owner.
    Alone(&'static str),
    /// The difference is told: in metrics, and on every answer.
    Told,
    /// `prewarm attach`.
    Attach,
    /// `prewarm detach`, which leaves their schema as it would be without Prewarm.
    Detach,
    /// The code of the schema is another build's, and `prewarm migrate` applies this one's.
    Upgrade,
    /// The worker is killed and started again.
    KillWorker,
}

use Step::{Alone, Attach, Detach, KillWorker, Superuser, Theirs, Told, Upgrade};

/// Each event leaves tables that the map fits, and is over once every panel is right.
pub(super) const EVENTS: [&[Step]; 24] = [
    &[
        Theirs("alter table public.calls rename column sentiment_summary to gist"),
        Told,
        Theirs("alter table public.calls rename column gist to sentiment_summary"),
    ],
    &[
        Theirs("alter table public.calls rename column phone_number to msisdn"),
        Told,
        Theirs("alter table public.calls rename column msisdn to phone_number"),
    ],
    &[
        Theirs("alter table public.contacts drop column last_contacted_at"),
        Told,
        Theirs("alter table public.contacts add column last_contacted_at timestamptz"),
    ],
    // A type that the map's expression can still be read as.
    &[Theirs("alter table public.contacts alter column lead_score type numeric")],
    &[Theirs("alter table public.contacts alter column lead_score type int")],
    &[
        Theirs("alter table public.calls drop column duration_seconds, add column duration_seconds interval"),
        Told,
        Theirs("alter table public.calls drop column duration_seconds, add column duration_seconds int"),
    ],
    // A table that takes the place of another.
    &[
        Theirs(
            "lock table public.calls in access exclusive mode;
             create table public.calls_new (like public.calls including all);
             insert into public.calls_new select * from public.calls;
             alter table public.calls rename to calls_old;
             alter table public.calls_new rename to calls",
        ),
        Told,
        Attach,
        Theirs("drop table public.calls_old"),
    ],
    // A view under the old name, so that the release before goes on.
    &[
        Theirs(
            "alter table public.contacts rename to people;
             create view public.contacts with (security_invoker) as select * from public.people",
        ),
        Told,
        Theirs("drop view public.contacts; alter table public.people rename to contacts"),
    ],
    &[
        Theirs("alter table public.calls disable trigger user; alter table public.calls enable trigger user"),
        Told,
        Attach,
    ],
    &[
        Superuser("alter table public.calls disable trigger all"),
        Told,
        Superuser("alter table public.calls enable trigger all"),
        Attach,
    ],
    &[Theirs("drop trigger if exists prewarm_update on public.contacts"), Told, Attach],
    &[
        Superuser("alter table public.contacts force row level security; alter role OWNER nobypassrls"),
        Told,
        Superuser("alter table public.contacts no force row level security; alter role OWNER bypassrls"),
    ],
    &[Superuser("create publication everything for all tables"), Superuser("drop publication everything")],
    &[
        Theirs("create table public.calls_2020 () inherits (public.calls)"),
        Told,
        Attach,
        Theirs("drop table public.calls_2020"),
    ],
    &[Theirs("truncate public.calls cascade")],
    &[
        Theirs("alter type public.appointment_status rename value 'pending' to 'requested'"),
        Told,
        Theirs("alter type public.appointment_status rename value 'requested' to 'pending'"),
    ],
    // A restored dump, whose rows are written while no trigger fires.
    &[
        Superuser(
            "alter table public.calls disable trigger all;
             update public.calls set sentiment_label = 'negative' where org_id = '00000000-0000-0000-0000-000000000001';
             alter table public.calls enable trigger all",
        ),
        Told,
        Attach,
    ],
    &[
        Theirs(
            "lock table public.appointments in access exclusive mode;
             create table public.parts (like public.appointments including defaults) partition by list (status);
             create table public.pending partition of public.parts for values in ('pending');
             create table public.others partition of public.parts default;
             insert into public.parts select * from public.appointments;
             drop table public.appointments;
             alter table public.parts rename to appointments",
        ),
        Told,
        Attach,
        Theirs("alter table public.appointments detach partition public.pending"),
        Theirs("alter table public.appointments attach partition public.pending for values in ('pending')"),
        Theirs("create table public.shows partition of public.appointments for values in ('in_progress')"),
        Told,
        Attach,
        Theirs(
            "lock table public.appointments in access exclusive mode;
             create table public.whole (like public.appointments including defaults);
             insert into public.whole select * from public.appointments;
             drop table public.appointments;
             alter table public.whole rename to appointments;
             alter table public.appointments add primary key (id)",
        ),
        Told,
        Attach,
    ],
    &[
        Theirs("create or replace function public.generate_ulid() returns text language sql as $$ select 'again' $$"),
        Theirs("alter table public.contacts add column vip boolean default false"),
        Theirs("create index calls_status on public.calls (status)"),
        Theirs("drop index public.calls_status; alter table public.contacts drop column vip"),
    ],
    &[Alone("vacuum full public.calls"), Alone("analyze public.contacts"), Alone("reindex table public.contacts")],
    &[Detach, Attach],
    &[Attach],
    &[Upgrade],
    &[KillWorker],
];
