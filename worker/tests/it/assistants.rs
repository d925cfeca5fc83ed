//! Agents become assistants at a stand-in for Vapi, which is as strict as Vapi and fails in every way.

mod crashes;
mod drift;
mod failures;
mod phone_numbers;
mod reconcile;
mod refusals;
mod saves;
mod schedule;
mod test_calls;
mod town;
