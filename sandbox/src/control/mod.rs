//! The control API: create things, switch faults, see effects. `methods` is its Rust form, `routes` its HTTP
//! form; both take the types of `requests`.

pub(crate) mod body;
mod faults_and_time;
mod inspection;
mod methods;
pub(crate) mod reports;
pub(crate) mod requests;
pub(crate) mod routes;
