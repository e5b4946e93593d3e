//! Tenants in tests.

use runtime::administration::Act;
use sandbox::{Login, MediaId, NewAccount, NewMedia};
use serde_json::Value;
use tenants::account::{Account, AccountStatus, LoginFlavour};
use tenants::changes::{Change, Changes};
use tenants::clock::Clock;
use tenants::ids::{AccountId, RuleId, TenantId};
use tenants::ports::{Hint, UnitOfWork, Wake};
use tenants::rule::Rule;
use tenants::settings::TenantSettings;

use crate::app::TestApp;

/// A tenant with one connected account.
#[derive(Debug, Clone)]
pub struct TestTenant {
    /// Its id.
    pub id: TenantId,
    /// Its account.
    pub account: Account,
    /// Its newest post.
    pub media: MediaId,
    /// A live story.
    pub story: MediaId,
}

impl AsRef<str> for TestTenant {
    fn as_ref(&self) -> &str {
        &self.account.external_id
    }
}

impl TestTenant {
    /// `/tenants/{id}{rest}`.
    pub fn path(&self, rest: &str) -> String {
        format!("/tenants/{}{rest}", self.id)
    }
}

/// A tenant to be made.
pub struct TenantBuilder<'a> {
    app: &'a TestApp,
    slug: String,
    time_zone: String,
    login: Login,
    settings: TenantSettings,
    rules: Vec<Value>,
}

impl<'a> TenantBuilder<'a> {
    pub(crate) fn new(app: &'a TestApp, slug: &str) -> Self {
        Self {
            app,
            slug: slug.to_owned(),
            time_zone: "UTC".to_owned(),
            login: Login::Instagram,
            settings: TenantSettings::default(),
            rules: Vec::new(),
        }
    }

    /// Changes the settings.
    #[must_use]
    pub fn settings(mut self, change: impl FnOnce(&mut TenantSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Puts it into another time zone than UTC.
    #[must_use]
    pub fn time_zone(mut self, zone: &str) -> Self {
        self.time_zone = zone.to_owned();
        self
    }

    /// Connects through Facebook Login.
    #[must_use]
    pub fn facebook(mut self) -> Self {
        self.login = Login::Facebook;
        self
    }

    /// Adds a rule: `{"trigger", "conditions", "actions"}`, the rest by default.
    #[must_use]
    pub fn rule(mut self, rule: Value) -> Self {
        self.rules.push(rule);
        self
    }

    /// Makes it, on both sides.
    pub async fn create(self) -> TestTenant {
        let foundations = self.app.node().foundations();
        let act = Act { by: "test".to_owned(), at: self.app.clock.now(), ids: &foundations.ids };
        let (tenant, changes) = act
            .create_tenant(self.app.agency.id, &self.slug, &self.slug, &self.time_zone, &self.settings)
            .expect("a valid tenant");
        foundations.database.commit(changes).await.expect("the tenant is new");
        let (account, media, story) = self.connect(tenant.id, &act).await;
        let mut changes = Changes::of_tenant(tenant.id);
        for rule in &self.rules {
            changes.push(Change::PutRule(Box::new(self.to_rule(rule, &act))));
        }
        foundations.database.commit(changes).await.expect("rules");
        foundations.wake.send(Hint::DirectoryChanged);
        TestTenant { id: tenant.id, account, media, story }
    }

    async fn connect(&self, tenant: TenantId, act: &Act<'_>) -> (Account, MediaId, MediaId) {
        let sandbox = &self.app.sandbox;
        let new = NewAccount::new(format!("{}.insta", self.slug)).login(self.login);
        let there = sandbox.create_account(new).expect("a free handle");
        let story = sandbox.create_media(&there, NewMedia::story()).expect("a story").id;
        let media = sandbox.create_media(&there, NewMedia::post("new")).expect("a post").id;
        let account = Account {
            id: AccountId::new(act.ids),
            tenant,
            external_id: there.user_id.as_str().to_owned(),
            scoped_id: Some(there.app_scoped_id.clone()),
            page_id: (self.login == Login::Facebook).then(|| there.page_id.clone()),
            username: there.username.as_str().to_owned(),
            flavour: if self.login == Login::Facebook {
                LoginFlavour::Facebook
            } else {
                LoginFlavour::Instagram
            },
            app: None,
            status: AccountStatus::Active,
            token_expires_at: None,
            created_at: act.at,
        };
        let foundations = self.app.node().foundations();
        let token = sandbox.token(&there).expect("a token");
        let sealed = foundations.vault.seal_token(&tenant, &account.id, &token.into()).expect("sealed");
        let changes = act.put_account(account.clone(), sealed, "account.connected");
        foundations.database.commit(changes).await.expect("the account is new");
        (account, media, story)
    }

    fn to_rule(&self, json: &Value, act: &Act<'_>) -> Rule {
        let mut full = serde_json::json!({
            "id": RuleId::new(act.ids), "name": "rule", "conditions": [], "priority": 0, "daily_cap": null,
            "enabled": true, "dry_run": false, "created_at": act.at, "updated_at": act.at,
        });
        for (key, value) in json.as_object().expect("a rule is an object") {
            full[key] = value.clone();
        }
        let rule: Rule = serde_json::from_value(full).expect("a readable rule");
        rule.validate().expect("a rule that can work");
        rule
    }
}
