//! The domain of Troupe: the words everybody uses and the ports behind which the outside world stands.
//!
//! This crate depends on no other crate of the workspace, performs no I/O, and reads neither clock nor
//! randomness except through [`Clock`](clock::Clock) and [`Ids`](ids::Ids).
//!
//! Follow one event: it comes in as a [`NewEvent`](event::NewEvent), is judged by the [`policy`] gate and the
//! [`rule`]s, becomes a [`Decision`](decision::Decision) whose [`Changes`](changes::Changes) are committed at
//! once, and leaves as an [`Effect`](effect::Effect) through the [`Messenger`](ports::Messenger) port.

pub mod access;
pub mod account;
pub mod agreement;
pub mod alert;
pub mod approval;
pub mod audit;
pub mod autonomy;
pub mod breaker;
pub mod briefing;
pub mod budget;
pub mod changes;
pub mod clock;
pub mod comms;
pub mod connect;
pub mod conversation;
pub mod decision;
pub mod effect;
pub mod event;
pub mod experiment;
pub mod ids;
pub mod insights;
pub mod intent;
pub mod lead;
pub mod media;
pub mod memory;
pub mod models;
pub mod money;
pub mod network;
pub mod notice;
pub mod oversight;
pub mod policy;
pub mod ports;
pub mod post;
pub mod prompt;
pub mod reading;
pub mod rehearsal;
pub mod report;
pub mod rule;
pub mod settings;
pub mod tasks;
pub mod tuning;
pub mod user;
pub mod verdict;
pub mod webhook;
pub mod words;
pub mod writes;
