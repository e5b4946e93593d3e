//! Administrative acts: the same for the HTTP API and the command line. Each gives the changes to commit, with the
//! audit entry that records who did it.

use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tenants::access::UserRole;
use tenants::account::{Account, Agency, ApiKey, KeyScope, MetaApp, SealedSecret, Tenant, TenantStatus};
use tenants::audit::{Chain, NewAuditEntry};
use tenants::budget::ShareCeilings;
use tenants::changes::{Change, Changes};
use tenants::clock::Timestamp;
use tenants::connect::{AppLogin, ConnectChange, auth_alert_key, near_end_alert_key, refresh_alert_key};
use tenants::ids::{AgencyId, AuditId, Ids, KeyId, TenantId};
use tenants::money::MicroUsd;
use tenants::settings::{InvalidSetting, TenantSettings};

/// Who acts, when, and where ids come from.
#[derive(Debug, Clone)]
pub struct Act<'a> {
    /// `key:…`, `cli`.
    pub by: String,
    /// Now.
    pub at: Timestamp,
    /// Ids.
    pub ids: &'a Ids,
}

impl Act<'_> {
    /// The audit entry of this act.
    pub fn audit(&self, event_type: &str, resource: (&str, String), details: Value) -> Change {
        let (resource_type, resource_id) = resource;
        Change::Audit(Box::new(NewAuditEntry {
            id: AuditId::new(self.ids),
            event_type: event_type.to_owned(),
            action: event_type.rsplit('.').next().unwrap_or(event_type).to_owned(),
            resource_type: resource_type.to_owned(),
            resource_id,
            actor: self.by.clone(),
            success: true,
            error: None,
            details: details.into(),
            at: self.at,
        }))
    }

    /// A new agency.
    pub fn create_agency(&self, name: &str) -> Result<(Agency, Changes), InvalidSetting> {
        let agency = Agency { id: AgencyId::new(self.ids), name: checked_name(name)?, created_at: self.at };
        let changes = Changes {
            chain: Chain::Agency(agency.id),
            list: vec![
                Change::PutAgency(agency.clone()),
                self.audit(
                    "agency.created",
                    ("agency", agency.id.to_string()),
                    json!({ "name": agency.name }),
                ),
            ],
        };
        Ok((agency, changes))
    }

    /// Another name for an agency; no change when it has that name.
    pub fn rename_agency(&self, agency: Agency, name: &str) -> Result<(Agency, Changes), InvalidSetting> {
        let renamed = Agency { name: checked_name(name)?, ..agency.clone() };
        let mut changes = Changes { chain: Chain::Agency(agency.id), list: Vec::new() };
        if renamed.name != agency.name {
            changes.push(Change::PutAgency(renamed.clone()));
            changes.push(self.audit(
                "agency.renamed",
                ("agency", agency.id.to_string()),
                json!({ "name": renamed.name, "was": agency.name }),
            ));
        }
        Ok((renamed, changes))
    }

    /// A new tenant with default settings.
    pub fn create_tenant(
        &self,
        agency: AgencyId,
        slug: &str,
        name: &str,
        time_zone: &str,
        settings: &TenantSettings,
    ) -> Result<(Tenant, Changes), InvalidSetting> {
        settings.validate()?;
        let tenant = Tenant {
            id: TenantId::new(self.ids),
            agency,
            slug: checked_slug(slug)?,
            name: checked_name(name)?,
            time_zone: checked_time_zone(time_zone)?,
            status: TenantStatus::Active,
            version: 1,
            created_at: self.at,
        };
        let details = json!({ "slug": tenant.slug, "name": tenant.name, "time_zone": tenant.time_zone });
        let changes = Changes::of_tenant(tenant.id)
            .with(Change::PutTenant(tenant.clone()))
            .with(Change::PutSettings(Box::new(settings.clone())))
            .with(self.audit("tenant.created", ("tenant", tenant.id.to_string()), details));
        Ok((tenant, changes))
    }

    /// A tenant with another status, name or time zone.
    pub fn change_tenant(&self, tenant: Tenant, event_type: &str) -> Result<Changes, InvalidSetting> {
        checked_name(&tenant.name)?;
        checked_time_zone(&tenant.time_zone)?;
        let details = json!({ "status": tenant.status, "name": tenant.name, "time_zone": tenant.time_zone });
        let audit = self.audit(event_type, ("tenant", tenant.id.to_string()), details);
        Ok(Changes::of_tenant(tenant.id).with(Change::PutTenant(tenant)).with(audit))
    }

    /// What a tenant may spend on language models in a day; what is `None` stays as it is.
    ///
    /// # Errors
    /// When an amount is negative or a share no percentage.
    pub fn set_tenant_budget(
        &self,
        tenant: TenantId,
        daily: Option<MicroUsd>,
        shares: Option<ShareCeilings>,
    ) -> Result<Changes, InvalidSetting> {
        checked_budget(daily)?;
        shares.map_or(Ok(()), ShareCeilings::validate)?;
        let details = json!({ "daily_micro_usd": daily, "shares": shares });
        Ok(Changes::of_tenant(tenant).with(Change::SetTenantBudget { daily, shares }).with(self.audit(
            "budget.changed",
            ("tenant", tenant.to_string()),
            details,
        )))
    }

    /// What all tenants of an agency together may spend in a day; `None` sets no limit.
    ///
    /// # Errors
    /// When the amount is negative.
    pub fn set_agency_budget(
        &self,
        agency: AgencyId,
        daily: Option<MicroUsd>,
    ) -> Result<Changes, InvalidSetting> {
        checked_budget(daily)?;
        let details = json!({ "daily_micro_usd": daily });
        let audit = self.audit("budget.changed", ("agency", agency.to_string()), details);
        Ok(Changes { chain: Chain::Agency(agency), list: vec![Change::SetAgencyBudget { daily }, audit] })
    }

    /// Connects an account, or gives a known one a new token.
    pub fn put_account(&self, account: Account, token: SealedSecret, event_type: &str) -> Changes {
        let details = json!({ "username": account.username, "external_id": account.external_id });
        Changes::of_tenant(account.tenant)
            .with(self.audit(event_type, ("account", account.id.to_string()), details))
            .with(self.resolve(auth_alert_key(&account.id)))
            .with(self.resolve(refresh_alert_key(&account.id)))
            .with(self.resolve(near_end_alert_key(&account.id)))
            .with(Change::PutAccount { account: Box::new(account), token: Some(token) })
    }

    fn resolve(&self, dedup_key: String) -> Change {
        Change::ResolveAlert { dedup_key, by: self.by.clone(), at: self.at }
    }

    /// Registers an agency's own Meta app, with its id and secret for Instagram Login if it has a pair of its own.
    pub fn put_app(&self, app: MetaApp, secret: SealedSecret, login: Option<AppLogin>) -> Changes {
        let details = json!({ "app_id": app.external_id, "tenant": app.tenant });
        let mut list = vec![
            self.audit("app.created", ("app", app.id.to_string()), details),
            Change::PutApp { app: Box::new(app.clone()), secret: Some(secret) },
        ];
        list.extend(login.map(|login| Change::Connect(ConnectChange::PutAppLogin(Box::new(login)))));
        Changes { chain: Chain::Agency(app.agency), list }
    }

    /// A new API key. The text is shown once and stored nowhere.
    pub fn create_key(
        &self,
        name: &str,
        scope: KeyScope,
        role: UserRole,
        expires_at: Option<Timestamp>,
    ) -> Result<(ApiKey, SecretString, Changes), InvalidSetting> {
        let text = new_key_text(self.ids);
        let key = ApiKey {
            id: KeyId::new(self.ids),
            name: checked_name(name)?,
            scope,
            role,
            expires_at,
            revoked_at: None,
            last_used_at: None,
            created_at: self.at,
        };
        let details =
            json!({ "name": key.name, "scope": key.scope, "role": key.role, "expires_at": key.expires_at });
        let changes = Changes {
            chain: chain_of(scope),
            list: vec![
                Change::AddKey { key: Box::new(key.clone()), hash: key_hash(&text) },
                self.audit("key.created", ("key", key.id.to_string()), details),
            ],
        };
        Ok((key, text.into(), changes))
    }

    /// Withdraws an API key.
    pub fn revoke_key(&self, key: &ApiKey) -> Changes {
        Changes {
            chain: chain_of(key.scope),
            list: vec![
                Change::RevokeKey { key: key.id, at: self.at },
                self.audit("key.revoked", ("key", key.id.to_string()), json!({ "name": key.name })),
            ],
        }
    }
}

/// Where acts on a key of this scope are recorded. What concerns the whole installation has a chain of its own.
fn chain_of(scope: KeyScope) -> Chain {
    match scope {
        KeyScope::Installation => Chain::Agency(AgencyId::INSTALLATION),
        KeyScope::Agency { agency } => Chain::Agency(agency),
        KeyScope::Tenant { tenant, .. } => Chain::Tenant(tenant),
    }
}

/// SHA-256 of a key's text, hex: what is stored and looked up.
pub fn key_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn new_key_text(ids: &Ids) -> String {
    let mut random = [0u8; 24];
    ids.fill(&mut random);
    format!("trp_{}", hex::encode(random))
}

fn invalid(field: &str, problem: &str) -> InvalidSetting {
    InvalidSetting { field: field.to_owned(), problem: problem.to_owned() }
}

fn checked_name(name: &str) -> Result<String, InvalidSetting> {
    let name = name.trim();
    let is_fine = !name.is_empty() && name.chars().count() <= 200 && !name.chars().any(char::is_control);
    is_fine.then(|| name.to_owned()).ok_or_else(|| invalid("name", "give a name of 1 to 200 characters"))
}

fn checked_budget(daily: Option<MicroUsd>) -> Result<(), InvalidSetting> {
    let is_fine = daily.is_none_or(|daily| daily >= MicroUsd(0));
    is_fine.then_some(()).ok_or_else(|| invalid("daily_micro_usd", "must not be negative"))
}

fn checked_slug(slug: &str) -> Result<String, InvalidSetting> {
    let is_fine = (1..=63).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    is_fine
        .then(|| slug.to_owned())
        .ok_or_else(|| invalid("slug", "use 1 to 63 lower-case letters, digits and inner hyphens"))
}

fn checked_time_zone(zone: &str) -> Result<String, InvalidSetting> {
    zone.parse::<chrono_tz::Tz>()
        .map(|zone| zone.name().to_owned())
        .map_err(|_| invalid("time_zone", "use an IANA name such as Europe/Lisbon"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use secrecy::ExposeSecret;
    use tenants::clock::ManualClock;

    use super::*;

    #[test]
    fn a_key_is_stored_only_as_its_hash() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 3);
        let act = Act { by: "cli".into(), at: Timestamp::from_micros(1), ids: &ids };
        let (_, text, changes) = act.create_key("ci", KeyScope::Installation, UserRole::Owner, None).unwrap();
        let stored = format!("{changes:?}");
        assert!(!stored.contains(text.expose_secret()));
        assert!(stored.contains(&key_hash(text.expose_secret())));
    }

    #[test]
    fn names_slugs_and_time_zones_are_checked() {
        let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 3);
        let act = Act { by: "cli".into(), at: Timestamp::from_micros(1), ids: &ids };
        let agency = AgencyId::new(&ids);
        let settings = TenantSettings::default();
        let create =
            |slug: &str, name: &str, zone: &str| act.create_tenant(agency, slug, name, zone, &settings);
        assert!(create("acme", "Acme", "Europe/Lisbon").is_ok());
        assert_eq!(create("Acme!", "Acme", "UTC").unwrap_err().field, "slug");
        assert_eq!(create("acme", "  ", "UTC").unwrap_err().field, "name");
        assert_eq!(create("acme", "Acme", "Mars/Base").unwrap_err().field, "time_zone");
    }
}
