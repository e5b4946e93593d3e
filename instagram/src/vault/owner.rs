//! Whom a secret belongs to. The owner is authenticated with the secret, so that a row copied to another account
//! does not open there.

use tenants::ids::{AccountId, ChannelId, ConnectId, TenantId, WebhookId};

/// The owner of a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner<'a> {
    /// The token of an account.
    Account(&'a TenantId, &'a AccountId),
    /// The secret of a Meta app, by Meta's app id.
    App(&'a str),
    /// What a channel to people needs to be reached.
    Channel(&'a ChannelId),
    /// The secret that signs what is sent to a webhook.
    Webhook(&'a WebhookId),
    /// The tokens that an attempt to connect an account has found.
    Attempt(&'a TenantId, &'a ConnectId),
}

impl Owner<'_> {
    /// The additional data of the cipher: every part preceded by its length, so that no two owners give the same
    /// bytes.
    pub(super) fn additional_data(&self) -> Vec<u8> {
        match self {
            Owner::Account(tenant, account) => {
                join(&[b"troupe.account.token", tenant.0.as_bytes(), account.0.as_bytes()])
            }
            Owner::Channel(channel) => join(&[b"troupe.channel.secret", channel.0.as_bytes()]),
            Owner::Webhook(webhook) => join(&[b"troupe.webhook.secret", webhook.0.as_bytes()]),
            Owner::Attempt(tenant, attempt) => {
                join(&[b"troupe.connect.grant", tenant.0.as_bytes(), attempt.0.as_bytes()])
            }
            Owner::App(external_id) => join(&[b"troupe.app.secret", external_id.as_bytes()]),
        }
    }
}

fn join(parts: &[&[u8]]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        joined.extend_from_slice(&(part.len() as u64).to_be_bytes());
        joined.extend_from_slice(part);
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_run_into_each_other() {
        assert_ne!(join(&[b"ab", b"c"]), join(&[b"a", b"bc"]));
        assert_ne!(join(&[b"ab"]), join(&[b"ab", b""]));
    }
}
