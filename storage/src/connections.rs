//! Attempts to connect accounts, facts about tokens, and which keys seal what, as they are read.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::FromRow;
use tenants::account::{Account, SealedSecret};
use tenants::audit::Chain;
use tenants::clock::Timestamp;
use tenants::connect::{AppLogin, ConnectAttempt, DeletionRequest, TokenFacts, TokenTrouble};
use tenants::ids::{AccountId, AgencyId, AppId, ChannelId, ConnectId, SecretId, TenantId, WebhookId};
use tenants::ports::{Connections, KeyUse, SealedByOldKey, SecretOwner, SecretPlace, StoreError};
use uuid::Uuid;

use crate::Database;
use crate::db::{row, rows};
use crate::directory::{AccountRow, account_columns, all};
use crate::statement::statements;
use crate::types::{Doc, Moment, Word, count, text};
use crate::work::Work;

statements! {
    FIND_ATTEMPT { "select body from connect_attempts where tenant_id = $1 and id = $2" }
    ATTEMPT_OF_STATE { "select body from connect_attempts where state_hash = $1" }
    GRANT_OF {
        "select grant_key_id as key_id, grant_sealed as sealed from connect_attempts \
         where tenant_id = $1 and id = $2 and grant_key_id is not null and grant_sealed is not null"
    }
    TOKEN_FACTS {
        "select id, token_set_at, token_expires_at, scopes, granted_by, token_failures, token_retry_at, \
         token_trouble, token_error, subscribed_at from social_accounts where tenant_id = $1 order by id"
    }
    REFRESHES_DUE {
        "select tenant_id, id from social_accounts where token_retry_at <= $1 and status = 'active' \
         order by token_retry_at, id limit $2"
    }
    ACCOUNTS_OF_USER {
        "select" (columns account_columns) "from social_accounts where (platform = 'instagram' and external_id = $1) \
         or scoped_id = $1 or granted_by = $1 order by id"
    }
    OPEN_DELETIONS {
        "select code, app_id, user_id, received_at, done_at, accounts, tenants from deletion_requests \
         where done_at is null order by received_at limit $1"
    }
    FIND_DELETION {
        "select code, app_id, user_id, received_at, done_at, accounts, tenants from deletion_requests \
         where code = $1"
    }
    KEYS_OF_TOKENS {
        "select token_key_id, count(*) from social_accounts where token_key_id is not null group by token_key_id"
    }
    KEYS_OF_APPS {
        "select secret_key_id, count(*) from meta_apps where secret_key_id is not null group by secret_key_id"
    }
    KEYS_OF_LOGINS {
        "select instagram_secret_key_id, count(*) from meta_apps where instagram_secret_key_id is not null \
         group by instagram_secret_key_id"
    }
    KEYS_OF_CHANNELS {
        "select secret_key_id, count(*) from notification_channels where secret_key_id is not null \
         group by secret_key_id"
    }
    KEYS_OF_GRANTS {
        "select grant_key_id, count(*) from connect_attempts where grant_sealed is not null and expires_at > $1 \
         group by grant_key_id"
    }
    TOKENS_SEALED_BY {
        "select tenant_id, id, token_key_id as key_id, token_sealed as sealed from social_accounts \
         where token_key_id = $1 and token_sealed is not null order by id limit $2"
    }
    APPS_SEALED_BY {
        "select agency_id, id, external_id, secret_key_id as key_id, secret_sealed as sealed from meta_apps \
         where secret_key_id = $1 and secret_sealed is not null order by id limit $2"
    }
    LOGINS_SEALED_BY {
        "select agency_id, id, instagram_app_id as external_id, instagram_secret_key_id as key_id, \
         instagram_secret_sealed as sealed from meta_apps where instagram_secret_key_id = $1 \
         and instagram_secret_sealed is not null and instagram_app_id is not null order by id limit $2"
    }
    CHANNELS_SEALED_BY {
        "select agency_id, tenant_id, id, secret_key_id as key_id, secret_sealed as sealed from notification_channels \
         where secret_key_id = $1 and secret_sealed is not null order by id limit $2"
    }
    KEYS_OF_WEBHOOKS {
        "select secret_key_id, count(*) from webhook_secrets group by secret_key_id"
    }
    WEBHOOKS_SEALED_BY {
        "select agency_id, webhook_id, id, secret_key_id as key_id, secret_sealed as sealed from webhook_secrets \
         where secret_key_id = $1 order by id limit $2"
    }
    ALL_APP_LOGINS {
        "select id, instagram_app_id, instagram_secret_key_id as key_id, instagram_secret_sealed as sealed \
         from meta_apps where instagram_app_id is not null and instagram_secret_key_id is not null \
         and instagram_secret_sealed is not null order by id"
    }
}

#[derive(FromRow)]
struct SealedRow {
    key_id: String,
    sealed: Vec<u8>,
}

#[derive(FromRow)]
struct FactsRow {
    id: Uuid,
    token_set_at: Option<Moment>,
    token_expires_at: Option<Moment>,
    scopes: Doc<Vec<String>>,
    granted_by: Option<String>,
    token_failures: i64,
    token_retry_at: Option<Moment>,
    token_trouble: Option<Word<TokenTrouble>>,
    token_error: Option<String>,
    subscribed_at: Option<Moment>,
}

impl From<FactsRow> for TokenFacts {
    fn from(row: FactsRow) -> Self {
        let moment = |at: Option<Moment>| at.map(|at| at.0);
        TokenFacts {
            account: AccountId(row.id),
            set_at: moment(row.token_set_at),
            expires_at: moment(row.token_expires_at),
            scopes: row.scopes.0,
            granted_by: row.granted_by,
            failures: count(row.token_failures),
            retry_at: moment(row.token_retry_at),
            trouble: row.token_trouble.map(|word| word.0),
            error: row.token_error,
            subscribed_at: moment(row.subscribed_at),
        }
    }
}

#[derive(FromRow)]
struct DeletionRow {
    code: String,
    app_id: Option<Uuid>,
    user_id: String,
    received_at: Moment,
    done_at: Option<Moment>,
    accounts: i64,
    tenants: i64,
}

impl From<DeletionRow> for DeletionRequest {
    fn from(row: DeletionRow) -> Self {
        DeletionRequest {
            code: row.code,
            app: row.app_id.map(AppId),
            user_id: row.user_id,
            received_at: row.received_at.0,
            done_at: row.done_at.map(|at| at.0),
            accounts: count(row.accounts),
            tenants: count(row.tenants),
        }
    }
}

#[derive(FromRow)]
struct SealedTokenRow {
    tenant_id: Uuid,
    id: Uuid,
    key_id: String,
    sealed: Vec<u8>,
}

impl From<SealedTokenRow> for SealedByOldKey {
    fn from(row: SealedTokenRow) -> Self {
        let (tenant, account) = (TenantId(row.tenant_id), AccountId(row.id));
        SealedByOldKey {
            owner: SecretOwner::Account(tenant, account),
            place: SecretPlace::Account(tenant, account),
            sealed: SealedSecret { key_id: row.key_id, sealed: row.sealed },
        }
    }
}

#[derive(FromRow)]
struct SealedAppRow {
    agency_id: Uuid,
    id: Uuid,
    external_id: String,
    key_id: String,
    sealed: Vec<u8>,
}

impl SealedAppRow {
    fn into_secret(self, of_instagram_login: bool) -> SealedByOldKey {
        let (agency, app) = (AgencyId(self.agency_id), AppId(self.id));
        SealedByOldKey {
            owner: SecretOwner::App(self.external_id),
            place: SecretPlace::App { agency, app, of_instagram_login },
            sealed: SealedSecret { key_id: self.key_id, sealed: self.sealed },
        }
    }
}

#[derive(FromRow)]
struct SealedChannelRow {
    agency_id: Uuid,
    tenant_id: Option<Uuid>,
    id: Uuid,
    key_id: String,
    sealed: Vec<u8>,
}

impl From<SealedChannelRow> for SealedByOldKey {
    fn from(row: SealedChannelRow) -> Self {
        let channel = ChannelId(row.id);
        let agency = Chain::Agency(AgencyId(row.agency_id));
        let chain = row.tenant_id.map_or(agency, |tenant| Chain::Tenant(TenantId(tenant)));
        SealedByOldKey {
            owner: SecretOwner::Channel(channel),
            place: SecretPlace::Channel(chain, channel),
            sealed: SealedSecret { key_id: row.key_id, sealed: row.sealed },
        }
    }
}

#[derive(FromRow)]
struct SealedWebhookRow {
    agency_id: Uuid,
    webhook_id: Uuid,
    id: Uuid,
    key_id: String,
    sealed: Vec<u8>,
}

impl From<SealedWebhookRow> for SealedByOldKey {
    fn from(row: SealedWebhookRow) -> Self {
        SealedByOldKey {
            owner: SecretOwner::Webhook(WebhookId(row.webhook_id)),
            place: SecretPlace::Webhook(AgencyId(row.agency_id), SecretId(row.id)),
            sealed: SealedSecret { key_id: row.key_id, sealed: row.sealed },
        }
    }
}

#[derive(FromRow)]
struct LoginRow {
    id: Uuid,
    instagram_app_id: String,
    key_id: String,
    sealed: Vec<u8>,
}

impl From<LoginRow> for AppLogin {
    fn from(row: LoginRow) -> Self {
        AppLogin {
            app: AppId(row.id),
            instagram_app_id: row.instagram_app_id,
            secret: SealedSecret { key_id: row.key_id, sealed: row.sealed },
        }
    }
}

impl Database {
    pub(crate) async fn app_logins(&self) -> Result<Vec<AppLogin>, StoreError> {
        rows!(self.reader(), LoginRow, ALL_APP_LOGINS).map(all)
    }
}

#[async_trait]
impl Connections for Database {
    async fn find_attempt(
        &self,
        tenant: &TenantId,
        attempt: &ConnectId,
    ) -> Result<Option<ConnectAttempt>, StoreError> {
        let found = row!(self.reader(), (Doc<ConnectAttempt>,), FIND_ATTEMPT, tenant.0, attempt.0)?;
        Ok(found.map(|(attempt,)| attempt.0))
    }

    async fn attempt_of_state(&self, state_hash: &str) -> Result<Option<ConnectAttempt>, StoreError> {
        let found = row!(self.reader(), (Doc<ConnectAttempt>,), ATTEMPT_OF_STATE, text(state_hash))?;
        Ok(found.map(|(attempt,)| attempt.0))
    }

    async fn grant_of(
        &self,
        tenant: &TenantId,
        attempt: &ConnectId,
    ) -> Result<Option<SealedSecret>, StoreError> {
        let found = row!(self.reader(), SealedRow, GRANT_OF, tenant.0, attempt.0)?;
        Ok(found.map(|row| SealedSecret { key_id: row.key_id, sealed: row.sealed }))
    }

    async fn token_facts(&self, tenant: &TenantId) -> Result<Vec<TokenFacts>, StoreError> {
        rows!(self.reader(), FactsRow, TOKEN_FACTS, tenant.0).map(all)
    }

    async fn refreshes_due(
        &self,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, AccountId)>, StoreError> {
        let due = rows!(self.reader(), (Uuid, Uuid), REFRESHES_DUE, Moment(now), i64::from(limit))?;
        Ok(due.into_iter().map(|(tenant, account)| (TenantId(tenant), AccountId(account))).collect())
    }

    async fn accounts_of_user(&self, user_id: &str) -> Result<Vec<Account>, StoreError> {
        rows!(self.reader(), AccountRow, ACCOUNTS_OF_USER, text(user_id)).map(all)
    }

    async fn open_deletions(&self, limit: u32) -> Result<Vec<DeletionRequest>, StoreError> {
        rows!(self.reader(), DeletionRow, OPEN_DELETIONS, i64::from(limit)).map(all)
    }

    async fn find_deletion(&self, code: &str) -> Result<Option<DeletionRequest>, StoreError> {
        Ok(row!(self.reader(), DeletionRow, FIND_DELETION, text(code))?.map(DeletionRequest::from))
    }

    async fn key_uses(&self, now: Timestamp) -> Result<Vec<KeyUse>, StoreError> {
        let mut uses: BTreeMap<String, KeyUse> = BTreeMap::new();
        let mut add = |rows: Vec<(String, i64)>, to: fn(&mut KeyUse) -> &mut u64| {
            for (key_id, many) in rows {
                let empty = || KeyUse::none(key_id.clone());
                *to(uses.entry(key_id.clone()).or_insert_with(empty)) += many.unsigned_abs();
            }
        };
        add(rows!(self.reader(), (String, i64), KEYS_OF_TOKENS)?, |it| &mut it.tokens);
        add(rows!(self.reader(), (String, i64), KEYS_OF_APPS)?, |it| &mut it.app_secrets);
        add(rows!(self.reader(), (String, i64), KEYS_OF_LOGINS)?, |it| &mut it.app_secrets);
        add(rows!(self.reader(), (String, i64), KEYS_OF_CHANNELS)?, |it| &mut it.channels);
        add(rows!(self.reader(), (String, i64), KEYS_OF_WEBHOOKS)?, |it| &mut it.channels);
        add(rows!(self.reader(), (String, i64), KEYS_OF_GRANTS, Moment(now))?, |it| &mut it.attempts);
        Ok(uses.into_values().collect())
    }

    async fn sealed_by(&self, key_id: &str, limit: u32) -> Result<Vec<SealedByOldKey>, StoreError> {
        let limit = i64::from(limit);
        let tokens = rows!(self.reader(), SealedTokenRow, TOKENS_SEALED_BY, text(key_id), limit)?;
        let apps = rows!(self.reader(), SealedAppRow, APPS_SEALED_BY, text(key_id), limit)?;
        let logins = rows!(self.reader(), SealedAppRow, LOGINS_SEALED_BY, text(key_id), limit)?;
        let channels = rows!(self.reader(), SealedChannelRow, CHANNELS_SEALED_BY, text(key_id), limit)?;
        let webhooks = rows!(self.reader(), SealedWebhookRow, WEBHOOKS_SEALED_BY, text(key_id), limit)?;
        let tokens = tokens.into_iter().map(SealedByOldKey::from);
        let apps = apps.into_iter().map(|row| row.into_secret(false));
        let logins = logins.into_iter().map(|row| row.into_secret(true));
        let channels = channels.into_iter().map(SealedByOldKey::from);
        let webhooks = webhooks.into_iter().map(SealedByOldKey::from);
        Ok(tokens.chain(apps).chain(logins).chain(channels).chain(webhooks).collect())
    }

    async fn forget_old_grants(&self, now: Timestamp) -> Result<(), StoreError> {
        self.submit(Work::ForgetGrants { at: now }).await.map(drop)
    }
}
