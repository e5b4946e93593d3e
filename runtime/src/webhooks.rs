//! Acts on webhooks: the same for the HTTP API and the command line.

use instagram::{Vault, VaultError};
use secrecy::SecretString;
use serde_json::{Value, json};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::ids::{AgencyId, SecretId, WebhookId};
use tenants::webhook::{Disabled, DisabledReason, Webhook, WebhookChange, WebhookSetup};

use crate::administration::Act;
use crate::couriers::signing_key;

/// Most webhooks of an agency.
pub const MOST_WEBHOOKS: usize = 20;

impl Act<'_> {
    /// A new webhook, the secret that signs for it, and what to commit.
    ///
    /// # Errors
    /// When the secret cannot be sealed.
    pub fn create_webhook(
        &self,
        agency: AgencyId,
        setup: WebhookSetup,
        enabled: bool,
        vault: &Vault,
    ) -> Result<(Webhook, SecretString, Changes), VaultError> {
        let webhook = Webhook {
            id: WebhookId::new(self.ids),
            agency,
            setup,
            disabled: (!enabled).then(|| self.switched_off()),
            failing_since: None,
            delivered_at: None,
            old_secret_until: None,
            version: 1,
            created_at: self.at,
            updated_at: self.at,
        };
        let secret = SecretString::from(signing_key(self.ids));
        let add = WebhookChange::Add {
            webhook: Box::new(webhook.clone()),
            id: SecretId::new(self.ids),
            secret: vault.seal_webhook(&webhook.id, &secret)?,
        };
        let changes = self.on_webhook(&webhook, add, "webhook.created", told(&webhook));
        Ok((webhook, secret, changes))
    }

    /// A webhook that is set in another way, and what to commit. One that is switched on goes on with what waits.
    pub fn set_webhook(&self, before: &Webhook, setup: WebhookSetup, enabled: bool) -> (Webhook, Changes) {
        let was_on = before.disabled.is_none();
        let webhook = Webhook {
            setup,
            disabled: (!enabled).then(|| before.disabled.unwrap_or_else(|| self.switched_off())),
            failing_since: before.failing_since.filter(|_| was_on),
            version: before.version + 1,
            updated_at: self.at,
            ..before.clone()
        };
        let resumes = enabled && !was_on;
        let event_type = match (was_on, enabled) {
            (true, false) => "webhook.disabled",
            (false, true) => "webhook.enabled",
            _ => "webhook.changed",
        };
        let set = WebhookChange::Set { webhook: Box::new(webhook.clone()), resumes };
        let mut changes = self.on_webhook(&webhook, set, event_type, told(&webhook));
        if resumes {
            changes.push(self.webhook_is_fine(&webhook));
        }
        (webhook, changes)
    }

    /// Another secret for a webhook, and what to commit. The present one signs beside it until `old_until`.
    ///
    /// # Errors
    /// When the secret cannot be sealed.
    pub fn rotate_webhook(
        &self,
        before: &Webhook,
        old_until: Timestamp,
        vault: &Vault,
    ) -> Result<(Webhook, SecretString, Changes), VaultError> {
        let secret = SecretString::from(signing_key(self.ids));
        let webhook = Webhook {
            version: before.version + 1,
            old_secret_until: (old_until > self.at).then_some(old_until),
            updated_at: self.at,
            ..before.clone()
        };
        let rotate = WebhookChange::Rotate {
            webhook: Box::new(webhook.clone()),
            id: SecretId::new(self.ids),
            secret: vault.seal_webhook(&webhook.id, &secret)?,
            old_until,
        };
        let details = json!({ "name": webhook.setup.name, "old_until": old_until });
        let changes = self.on_webhook(&webhook, rotate, "webhook.secret_rotated", details);
        Ok((webhook, secret, changes))
    }

    /// The end of a webhook.
    pub fn delete_webhook(&self, webhook: &Webhook) -> Changes {
        let delete = WebhookChange::Delete(webhook.id);
        let details = json!({ "name": webhook.setup.name, "host": webhook.host() });
        let changes = self.on_webhook(webhook, delete, "webhook.deleted", details);
        changes.with(self.webhook_is_fine(webhook))
    }

    /// The entry about a test.
    pub fn tested_webhook(&self, webhook: &Webhook, status: Option<u16>, error: Option<&str>) -> Changes {
        let details = json!({ "name": webhook.setup.name, "status": status, "error": error });
        let entry = self.audit("webhook.tested", ("webhook", webhook.id.to_string()), details);
        Changes { chain: Chain::Agency(webhook.agency), list: vec![entry] }
    }

    /// A change of a webhook with its entry.
    pub fn on_webhook(
        &self,
        webhook: &Webhook,
        change: WebhookChange,
        event_type: &str,
        details: Value,
    ) -> Changes {
        let entry = self.audit(event_type, ("webhook", webhook.id.to_string()), details);
        Changes { chain: Chain::Agency(webhook.agency), list: vec![Change::Webhook(change), entry] }
    }

    fn switched_off(&self) -> Disabled {
        Disabled { reason: DisabledReason::ByHand, since: self.at }
    }

    fn webhook_is_fine(&self, webhook: &Webhook) -> Change {
        Change::ResolveAlert { dedup_key: webhook.trouble_key(), by: self.by.clone(), at: self.at }
    }
}

/// What the log says of a webhook: of its address the host alone, because people put secrets into addresses.
fn told(webhook: &Webhook) -> Value {
    json!({
        "name": webhook.setup.name, "host": webhook.host(), "events": webhook.setup.events,
        "tenants": webhook.setup.tenants, "enabled": webhook.disabled.is_none(),
    })
}
