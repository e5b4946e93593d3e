//! Behaviour of the sandbox, seen by a client and a webhook receiver.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod comments;
#[cfg(test)]
mod control;
#[cfg(test)]
mod conversations;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod going_on;
#[cfg(test)]
mod insights;
#[cfg(test)]
mod kit;
#[cfg(test)]
mod limits;
mod logins;
#[cfg(test)]
mod messages;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod starting;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod uploading;
#[cfg(test)]
mod webhooks;
