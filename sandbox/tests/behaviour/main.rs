//! Behaviour of the sandbox, seen by a client and a webhook receiver.

mod accounts;
mod comments;
mod control;
mod conversations;
mod effects;
mod faults;
mod kit;
mod limits;
mod messages;
mod protocol;
mod starting;
mod tokens;
mod webhooks;
