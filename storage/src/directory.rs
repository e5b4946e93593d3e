//! Who is who: agencies, tenants, settings, rules, accounts, apps and keys, as they are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::access::UserRole;
use tenants::account::{
    Account, AccountStatus, Agency, ApiKey, KeyScope, LoginFlavour, MetaApp, SealedSecret, Tenant,
    TenantStatus,
};
use tenants::clock::Timestamp;
use tenants::connect::AppLogin;
use tenants::ids::{AccountId, AgencyId, AppId, KeyId, RuleId, TenantId};
use tenants::ports::{BudgetOverview, Directory, PageRequest, Prompts, StoreError, TenantContext};
use tenants::rule::{Condition, Rule, RuleAction, Trigger};
use tenants::settings::TenantSettings;
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::media::rows::containing;
use crate::statement::statements;
use crate::types::{Doc, IdList, Moment, Word, before, count, text};
use crate::work::Work;

macro_rules! tenant_columns {
    () => {
        " id, agency_id, slug, name, time_zone, status, version, created_at "
    };
}
macro_rules! rule_columns {
    () => {
        " id, name, listens_to, conditions, actions, priority, daily_cap, enabled, dry_run, created_at, updated_at "
    };
}
macro_rules! account_columns {
    () => {
        " id, tenant_id, external_id, scoped_id, page_id, username, flavour, app_id, status, token_expires_at, \
         created_at "
    };
}
pub(crate) use account_columns;
macro_rules! app_columns {
    () => {
        " id, agency_id, tenant_id, external_id, verify_token, secret_key_id, secret_sealed, created_at "
    };
}
macro_rules! key_columns {
    () => {
        " id, name, scope, agency_id, tenant_id, role, expires_at, revoked_at, last_used_at, created_at "
    };
}

statements! {
    LIST_AGENCIES { "select id, name, created_at from agencies order by id" }
    FIND_AGENCY { "select id, name, created_at from agencies where id = $1" }
    LIST_TENANTS {
        "select" (columns tenant_columns) "from tenants where agency_id = $1 and id < $2 \
         order by id desc limit $3"
    }
    SEARCH_TENANTS {
        "select" (columns tenant_columns) "from tenants where agency_id = $1 and id < $2 \
         and (lower(name) like $4 escape '!' or slug like $4 escape '!') order by id desc limit $3"
    }
    FIND_TENANT { "select" (columns tenant_columns) "from tenants where id = $1" }
    FIND_TENANT_BY_SLUG { "select" (columns tenant_columns) "from tenants where agency_id = $1 and slug = $2" }
    TENANT_VERSIONS { "select id, version from tenants where id " (among 1) }
    SERVED_TENANTS {
        "select" (columns tenant_columns) "from tenants where status = 'active' \
         and exists (select 1 from social_accounts where tenant_id = tenants.id) order by id"
    }
    FIND_SETTINGS { "select settings from tenant_settings where tenant_id = $1" }
    LIST_RULES {
        "select" (columns rule_columns) "from rules where tenant_id = $1 order by priority desc, id"
    }
    LIST_ENABLED_RULES {
        "select" (columns rule_columns) "from rules where tenant_id = $1 and enabled = true \
         order by priority desc, id"
    }
    FIND_RULE { "select" (columns rule_columns) "from rules where tenant_id = $1 and id = $2" }
    RULE_HITS_OF_DAY {
        "select rule_id, count(*) as hits from rule_hits where tenant_id = $1 and day = $2 and dry_run = false \
         and rule_id in (select id from rules where tenant_id = $1 and daily_cap is not null) group by rule_id"
    }
    LIST_ACCOUNTS { "select" (columns account_columns) "from social_accounts where tenant_id = $1 order by id" }
    FIND_ACCOUNT { "select" (columns account_columns) "from social_accounts where tenant_id = $1 and id = $2" }
    FIND_ACCOUNT_BY_EXTERNAL_ID {
        "select" (columns account_columns) "from social_accounts where platform = 'instagram' and external_id = $1"
    }
    ALL_ACCOUNTS { "select" (columns account_columns) "from social_accounts order by id" }
    SEALED_TOKEN {
        "select token_key_id as key_id, token_sealed as sealed from social_accounts \
         where tenant_id = $1 and id = $2 and token_key_id is not null and token_sealed is not null"
    }
    ALL_APPS { "select" (columns app_columns) "from meta_apps order by id" }
    LIST_APPS { "select" (columns app_columns) "from meta_apps where agency_id = $1 order by id desc" }
    FIND_APP { "select" (columns app_columns) "from meta_apps where agency_id = $1 and id = $2" }
    FIND_KEY { "select" (columns key_columns) "from api_keys where hash = $1" }
    LIST_KEYS {
        "select" (columns key_columns)
        "from api_keys where agency_id = $1 or ($2 and agency_id is null) order by id desc"
    }
}

#[derive(FromRow)]
struct AgencyRow {
    id: Uuid,
    name: String,
    created_at: Moment,
}

impl From<AgencyRow> for Agency {
    fn from(row: AgencyRow) -> Self {
        Agency { id: AgencyId(row.id), name: row.name, created_at: row.created_at.0 }
    }
}

#[derive(FromRow)]
struct TenantRow {
    id: Uuid,
    agency_id: Uuid,
    slug: String,
    name: String,
    time_zone: String,
    status: Word<TenantStatus>,
    version: i64,
    created_at: Moment,
}

impl From<TenantRow> for Tenant {
    fn from(row: TenantRow) -> Self {
        Tenant {
            id: TenantId(row.id),
            agency: AgencyId(row.agency_id),
            slug: row.slug,
            name: row.name,
            time_zone: row.time_zone,
            status: row.status.0,
            version: row.version,
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct RuleRow {
    id: Uuid,
    name: String,
    listens_to: Doc<Trigger>,
    conditions: Doc<Vec<Condition>>,
    actions: Doc<Vec<RuleAction>>,
    priority: i64,
    daily_cap: Option<i64>,
    enabled: bool,
    dry_run: bool,
    created_at: Moment,
    updated_at: Moment,
}

impl From<RuleRow> for Rule {
    fn from(row: RuleRow) -> Self {
        Rule {
            id: RuleId(row.id),
            name: row.name,
            trigger: row.listens_to.0,
            conditions: row.conditions.0,
            actions: row.actions.0,
            priority: i32::try_from(row.priority).unwrap_or(if row.priority < 0 {
                i32::MIN
            } else {
                i32::MAX
            }),
            daily_cap: row.daily_cap.map(count),
            enabled: row.enabled,
            dry_run: row.dry_run,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        }
    }
}

#[derive(FromRow)]
pub(crate) struct AccountRow {
    id: Uuid,
    tenant_id: Uuid,
    external_id: String,
    scoped_id: Option<String>,
    page_id: Option<String>,
    username: String,
    flavour: Word<LoginFlavour>,
    app_id: Option<Uuid>,
    status: Word<AccountStatus>,
    token_expires_at: Option<Moment>,
    created_at: Moment,
}

impl From<AccountRow> for Account {
    fn from(row: AccountRow) -> Self {
        Account {
            id: AccountId(row.id),
            tenant: TenantId(row.tenant_id),
            external_id: row.external_id,
            scoped_id: row.scoped_id,
            page_id: row.page_id,
            username: row.username,
            flavour: row.flavour.0,
            app: row.app_id.map(AppId),
            status: row.status.0,
            token_expires_at: row.token_expires_at.map(|moment| moment.0),
            created_at: row.created_at.0,
        }
    }
}

#[derive(FromRow)]
struct AppRow {
    id: Uuid,
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    external_id: String,
    verify_token: String,
    secret_key_id: Option<String>,
    secret_sealed: Option<Vec<u8>>,
    created_at: Moment,
}

impl AppRow {
    fn split(self) -> (MetaApp, Option<SealedSecret>) {
        let secret = self
            .secret_key_id
            .zip(self.secret_sealed)
            .map(|(key_id, sealed)| SealedSecret { key_id, sealed });
        let app = MetaApp {
            id: AppId(self.id),
            agency: AgencyId(self.agency_id),
            tenant: self.tenant_id.map(TenantId),
            external_id: self.external_id,
            verify_token: self.verify_token,
            created_at: self.created_at.0,
        };
        (app, secret)
    }
}

#[derive(FromRow)]
struct SealedRow {
    key_id: String,
    sealed: Vec<u8>,
}

#[derive(FromRow)]
struct KeyRow {
    id: Uuid,
    name: String,
    scope: String,
    agency_id: Option<Uuid>,
    tenant_id: Option<Uuid>,
    role: Word<UserRole>,
    expires_at: Option<Moment>,
    revoked_at: Option<Moment>,
    last_used_at: Option<Moment>,
    created_at: Moment,
}

/// The words of the column `scope`.
pub(crate) const SCOPE_INSTALLATION: &str = "installation";
pub(crate) const SCOPE_AGENCY: &str = "agency";
pub(crate) const SCOPE_TENANT: &str = "tenant";

impl TryFrom<KeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: KeyRow) -> Result<Self, StoreError> {
        let scope = match (row.scope.as_str(), row.agency_id, row.tenant_id) {
            (SCOPE_INSTALLATION, None, None) => KeyScope::Installation,
            (SCOPE_AGENCY, Some(agency), None) => KeyScope::Agency { agency: AgencyId(agency) },
            (SCOPE_TENANT, Some(agency), Some(tenant)) => {
                KeyScope::Tenant { agency: AgencyId(agency), tenant: TenantId(tenant) }
            }
            // A scope that cannot be read must never be taken for a wider one.
            _ => return Err(StoreError::Corrupt(format!("the scope of {}", KeyId(row.id)))),
        };
        Ok(ApiKey {
            id: KeyId(row.id),
            name: row.name,
            scope,
            role: row.role.0,
            expires_at: row.expires_at.map(|moment| moment.0),
            revoked_at: row.revoked_at.map(|moment| moment.0),
            last_used_at: row.last_used_at.map(|moment| moment.0),
            created_at: row.created_at.0,
        })
    }
}

/// Turns rows into what they stand for.
pub(crate) fn all<Row, T: From<Row>>(rows: Vec<Row>) -> Vec<T> {
    rows.into_iter().map(T::from).collect()
}

/// Tenants of an agency whose name or slug contains a text, newest first.
pub(crate) async fn search_tenants(
    database: &Database,
    agency: &AgencyId,
    inner: &str,
    page: PageRequest,
) -> Result<Vec<Tenant>, StoreError> {
    let (limit, pattern) = (i64::from(page.limit), containing(inner));
    rows!(database.reader(), TenantRow, SEARCH_TENANTS, agency.0, before(page), limit, pattern).map(all)
}

#[async_trait]
impl Directory for Database {
    async fn list_agencies(&self) -> Result<Vec<Agency>, StoreError> {
        rows!(self.reader(), AgencyRow, LIST_AGENCIES).map(all)
    }

    async fn find_agency(&self, agency: &AgencyId) -> Result<Option<Agency>, StoreError> {
        Ok(row!(self.reader(), AgencyRow, FIND_AGENCY, agency.0)?.map(Agency::from))
    }

    async fn list_tenants(&self, agency: &AgencyId, page: PageRequest) -> Result<Vec<Tenant>, StoreError> {
        rows!(self.reader(), TenantRow, LIST_TENANTS, agency.0, before(page), i64::from(page.limit)).map(all)
    }

    async fn find_tenant(&self, tenant: &TenantId) -> Result<Option<Tenant>, StoreError> {
        Ok(row!(self.reader(), TenantRow, FIND_TENANT, tenant.0)?.map(Tenant::from))
    }

    async fn find_tenant_by_slug(&self, agency: &AgencyId, slug: &str) -> Result<Option<Tenant>, StoreError> {
        Ok(row!(self.reader(), TenantRow, FIND_TENANT_BY_SLUG, agency.0, text(slug))?.map(Tenant::from))
    }

    async fn load_context(&self, tenant: &TenantId, day: &str) -> Result<Option<TenantContext>, StoreError> {
        // The version is read first: should anything change while the rest is read, the version shows it later.
        let Some(found) = self.find_tenant(tenant).await? else { return Ok(None) };
        let rules = rows!(self.reader(), RuleRow, LIST_ENABLED_RULES, tenant.0)?;
        let hits = rows!(self.reader(), (Uuid, i64), RULE_HITS_OF_DAY, tenant.0, day)?;
        let rule_hits_today: BTreeMap<_, _> =
            hits.into_iter().map(|(rule, hits)| (RuleId(rule), count(hits))).collect();
        let settings = self.find_settings(tenant).await?.unwrap_or_default();
        let prompts = self.prompts_of(&found.agency, tenant).await?;
        let agency_budget = self.agency_budget(&found.agency).await?;
        let (tuning, earned) = self.learned(tenant).await?;
        Ok(Some(TenantContext {
            prompts: Arc::new(prompts),
            rules: all(rules),
            accounts: self.list_accounts(tenant).await?,
            rule_hits_today,
            agency_budget,
            tuning: Arc::new(tuning),
            earned,
            ..TenantContext::new(found, settings)
        }))
    }

    async fn tenant_versions(&self, tenants: &[TenantId]) -> Result<Vec<(TenantId, i64)>, StoreError> {
        let ids: IdList = tenants.iter().map(|tenant| tenant.0).collect();
        let found = rows!(self.reader(), (Uuid, i64), TENANT_VERSIONS, &ids)?;
        Ok(found.into_iter().map(|(tenant, version)| (TenantId(tenant), version)).collect())
    }

    async fn find_settings(&self, tenant: &TenantId) -> Result<Option<TenantSettings>, StoreError> {
        let found = row!(self.reader(), (Doc<TenantSettings>,), FIND_SETTINGS, tenant.0)?;
        Ok(found.map(|(settings,)| settings.0))
    }

    async fn list_rules(&self, tenant: &TenantId) -> Result<Vec<Rule>, StoreError> {
        rows!(self.reader(), RuleRow, LIST_RULES, tenant.0).map(all)
    }

    async fn find_rule(&self, tenant: &TenantId, rule: &RuleId) -> Result<Option<Rule>, StoreError> {
        Ok(row!(self.reader(), RuleRow, FIND_RULE, tenant.0, rule.0)?.map(Rule::from))
    }

    async fn list_accounts(&self, tenant: &TenantId) -> Result<Vec<Account>, StoreError> {
        rows!(self.reader(), AccountRow, LIST_ACCOUNTS, tenant.0).map(all)
    }

    async fn find_account(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<Account>, StoreError> {
        Ok(row!(self.reader(), AccountRow, FIND_ACCOUNT, tenant.0, account.0)?.map(Account::from))
    }

    async fn find_account_by_external_id(&self, external_id: &str) -> Result<Option<Account>, StoreError> {
        let id = text(external_id);
        Ok(row!(self.reader(), AccountRow, FIND_ACCOUNT_BY_EXTERNAL_ID, id)?.map(Account::from))
    }

    async fn all_accounts(&self) -> Result<Vec<Account>, StoreError> {
        rows!(self.reader(), AccountRow, ALL_ACCOUNTS).map(all)
    }

    async fn served_tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        rows!(self.reader(), TenantRow, SERVED_TENANTS).map(all)
    }

    async fn sealed_token(
        &self,
        tenant: &TenantId,
        account: &AccountId,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let found = row!(self.reader(), SealedRow, SEALED_TOKEN, tenant.0, account.0)?;
        Ok(found.map(|row| SealedSecret { key_id: row.key_id, sealed: row.sealed }))
    }

    async fn all_apps(&self) -> Result<Vec<(MetaApp, Option<SealedSecret>)>, StoreError> {
        Ok(rows!(self.reader(), AppRow, ALL_APPS)?.into_iter().map(AppRow::split).collect())
    }

    async fn all_app_logins(&self) -> Result<Vec<AppLogin>, StoreError> {
        self.app_logins().await
    }

    async fn list_apps(&self, agency: &AgencyId) -> Result<Vec<MetaApp>, StoreError> {
        let found = rows!(self.reader(), AppRow, LIST_APPS, agency.0)?;
        Ok(found.into_iter().map(|row| row.split().0).collect())
    }

    async fn find_app(&self, agency: &AgencyId, app: &AppId) -> Result<Option<MetaApp>, StoreError> {
        Ok(row!(self.reader(), AppRow, FIND_APP, agency.0, app.0)?.map(|row| row.split().0))
    }

    async fn find_key(&self, hash: &str) -> Result<Option<ApiKey>, StoreError> {
        row!(self.reader(), KeyRow, FIND_KEY, text(hash))?.map(ApiKey::try_from).transpose()
    }

    async fn list_keys(&self, agency: &AgencyId) -> Result<Vec<ApiKey>, StoreError> {
        rows!(self.reader(), KeyRow, LIST_KEYS, agency.0, agency.0.is_nil())?
            .into_iter()
            .map(ApiKey::try_from)
            .collect()
    }

    async fn touch_key(&self, key: &KeyId, at: Timestamp) -> Result<(), StoreError> {
        self.submit(Work::TouchKey { key: *key, at }).await.map(drop)
    }
}
