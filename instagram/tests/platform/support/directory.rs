//! A directory that knows one token and some apps.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use tenants::account::{Account, Agency, ApiKey, MetaApp, SealedSecret, Tenant};
use tenants::clock::Timestamp;
use tenants::ids::{AccountId, AgencyId, AppId, KeyId, RuleId, TenantId};
use tenants::ports::{Directory, PageRequest, StoreError, TenantContext};
use tenants::rule::Rule;
use tenants::settings::TenantSettings;

#[derive(Default)]
pub struct FakeDirectory {
    pub token: Mutex<Option<SealedSecret>>,
    pub token_reads: AtomicUsize,
    pub apps: Mutex<Vec<(MetaApp, Option<SealedSecret>)>>,
    pub broken: Mutex<bool>,
}

impl FakeDirectory {
    pub fn with_token(token: SealedSecret) -> Self {
        Self { token: Mutex::new(Some(token)), ..Self::default() }
    }

    fn check(&self) -> Result<(), StoreError> {
        if *self.broken.lock().unwrap() { Err(StoreError::Unavailable("down".into())) } else { Ok(()) }
    }
}

#[async_trait]
impl Directory for FakeDirectory {
    async fn sealed_token(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Option<SealedSecret>, StoreError> {
        self.check()?;
        self.token_reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.token.lock().unwrap().clone())
    }

    async fn all_apps(&self) -> Result<Vec<(MetaApp, Option<SealedSecret>)>, StoreError> {
        self.check()?;
        Ok(self.apps.lock().unwrap().clone())
    }

    async fn list_agencies(&self) -> Result<Vec<Agency>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_agency(&self, _agency: &AgencyId) -> Result<Option<Agency>, StoreError> {
        Ok(None)
    }

    async fn list_tenants(&self, _agency: &AgencyId, _page: PageRequest) -> Result<Vec<Tenant>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_tenant(&self, _tenant: &TenantId) -> Result<Option<Tenant>, StoreError> {
        Ok(None)
    }

    async fn find_tenant_by_slug(
        &self,
        _agency: &AgencyId,
        _slug: &str,
    ) -> Result<Option<Tenant>, StoreError> {
        Ok(None)
    }

    async fn load_context(
        &self,
        _tenant: &TenantId,
        _day: &str,
    ) -> Result<Option<TenantContext>, StoreError> {
        Ok(None)
    }

    async fn tenant_versions(&self, _tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_settings(&self, _tenant: &TenantId) -> Result<Option<TenantSettings>, StoreError> {
        Ok(None)
    }

    async fn list_rules(&self, _tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_rule(&self, _tenant: &TenantId, _rule: &RuleId) -> Result<Option<Rule>, StoreError> {
        Ok(None)
    }

    async fn list_accounts(&self, _tenant: &TenantId) -> Result<Vec<Account>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_account(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
    ) -> Result<Option<Account>, StoreError> {
        Ok(None)
    }

    async fn find_account_by_external_id(&self, _external_id: &str) -> Result<Option<Account>, StoreError> {
        Ok(None)
    }

    async fn all_accounts(&self) -> Result<Vec<Account>, StoreError> {
        Ok(Vec::new())
    }

    async fn served_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        Ok(Vec::new())
    }

    async fn list_apps(&self, _agency: &AgencyId) -> Result<Vec<MetaApp>, StoreError> {
        Ok(Vec::new())
    }

    async fn find_app(&self, _agency: &AgencyId, _app: &AppId) -> Result<Option<MetaApp>, StoreError> {
        Ok(None)
    }

    async fn find_key(&self, _hash: &str) -> Result<Option<ApiKey>, StoreError> {
        Ok(None)
    }

    async fn list_keys(&self, _agency: &AgencyId) -> Result<Vec<ApiKey>, StoreError> {
        Ok(Vec::new())
    }

    async fn touch_key(&self, _key: &KeyId, _at: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}
