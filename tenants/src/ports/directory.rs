//! Who is who: agencies, tenants, accounts, apps, keys.

use async_trait::async_trait;

use super::{PageRequest, StoreError, TenantContext};
use crate::account::{Account, Agency, ApiKey, MetaApp, SealedSecret, Tenant};
use crate::clock::Timestamp;
use crate::connect::AppLogin;
use crate::ids::{AccountId, AgencyId, AppId, KeyId, RuleId, TenantId};
use crate::rule::Rule;
use crate::settings::TenantSettings;

/// Who is who.
#[async_trait]
pub trait Directory: Send + Sync {
    /// All agencies.
    async fn list_agencies(&self) -> Result<Vec<Agency>, StoreError>;
    /// One agency.
    async fn find_agency(&self, agency: &AgencyId) -> Result<Option<Agency>, StoreError>;
    /// Tenants of an agency.
    async fn list_tenants(&self, agency: &AgencyId, page: PageRequest) -> Result<Vec<Tenant>, StoreError>;
    /// One tenant.
    async fn find_tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StoreError>;
    /// A tenant by its short name.
    async fn find_tenant_by_slug(&self, agency: &AgencyId, slug: &str) -> Result<Option<Tenant>, StoreError>;
    /// All that a tenant actor needs; `day` is the tenant's local day for the rule hits.
    async fn load_context(&self, tenant: &TenantId, day: &str) -> Result<Option<TenantContext>, StoreError>;
    /// Versions of these tenants; those that are gone are missing.
    async fn tenant_versions(&self, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError>;
    /// Settings of a tenant.
    async fn find_settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, StoreError>;
    /// Rules of a tenant in order of priority, disabled ones too.
    async fn list_rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError>;
    /// One rule.
    async fn find_rule(&self, tenant: &TenantId, rule: &RuleId) -> Result<Option<Rule>, StoreError>;
    /// Accounts of a tenant.
    async fn list_accounts(&self, tenant: &TenantId) -> Result<Vec<Account>, StoreError>;
    /// One account.
    async fn find_account(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<Account>, StoreError>;
    /// The account with Instagram's id `external_id`, of whichever tenant.
    async fn find_account_by_external_id(&self, external_id: &str) -> Result<Option<Account>, StoreError>;
    /// Every account of every tenant: the webhook's address book, held in memory.
    async fn all_accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// Tenants that are active and have an account.
    async fn served_tenants(&self) -> Result<Vec<Tenant>, StoreError>;
    /// The sealed token of an account. Only the gateway can open it.
    async fn sealed_token(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<SealedSecret>, StoreError>;
    /// All Meta apps with their sealed secrets.
    async fn all_apps(&self) -> Result<Vec<(MetaApp, Option<SealedSecret>)>, StoreError>;
    /// Client ids and secrets for Instagram Login of those apps that have a pair of their own for it.
    async fn all_app_logins(&self) -> Result<Vec<AppLogin>, StoreError> {
        Ok(Vec::new())
    }
    /// Meta apps of an agency.
    async fn list_apps(&self, agency: &AgencyId) -> Result<Vec<MetaApp>, StoreError>;
    /// One Meta app of an agency.
    async fn find_app(&self, agency: &AgencyId, app: &AppId) -> Result<Option<MetaApp>, StoreError>;
    /// A key by the SHA-256 hash (hex) of its text, whether valid or not.
    async fn find_key(&self, hash: &str) -> Result<Option<ApiKey>, StoreError>;
    /// Keys of an agency (and of its tenants), or of [`AgencyId::INSTALLATION`].
    async fn list_keys(&self, agency: &AgencyId) -> Result<Vec<ApiKey>, StoreError>;
    /// Notes that a key was used; at most once a minute.
    async fn touch_key(&self, key: &KeyId, at: Timestamp) -> Result<(), StoreError>;
}
