//! Two agencies with tenants, keys and one thing of each kind.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tenants::access::UserRole;
use tenants::account::{Account, AccountStatus, Agency, ApiKey, KeyScope, LoginFlavour, MetaApp, Tenant};
use tenants::changes::{Change, Changes};
use tenants::ids::{
    AccountId, AgencyId, ChannelId, DeliveryId, OversightId, RehearsalId, TenantId, UserId, WebhookId,
};
use tenants::oversight::{OversightChange, OversightSession};
use tenants::ports::{Directory, UnitOfWork};
use tenants::settings::TenantSettings;
use tenants::user::Grant;
use troupe::administration::Act;
use troupe::http::HttpSettings;
use troupe::media::MediaParts;

use crate::objects::{Objects, channel, rehearsal, webhook};
use crate::rig::Rig;

/// A key and its text.
pub struct Key {
    pub key: ApiKey,
    pub text: String,
}

/// A tenant with its key, its account and one thing of each kind.
pub struct Shop {
    pub tenant: Tenant,
    pub key: Key,
    pub account: Account,
    pub objects: Objects,
    /// One in which its key asked why.
    pub conversation: OversightId,
}

impl Shop {
    /// `/tenants/{id}{rest}`.
    pub fn path(&self, rest: &str) -> String {
        format!("/tenants/{}{rest}", self.tenant.id)
    }
}

/// An agency with its key and its own Meta app.
pub struct House {
    pub agency: Agency,
    pub key: Key,
    pub app: MetaApp,
    /// A rehearsal over all its tenants that is done.
    pub rehearsal: RehearsalId,
    /// A channel for all its tenants.
    pub channel: ChannelId,
    /// A webhook of it.
    pub webhook: WebhookId,
    /// Something on its way to the webhook.
    pub delivery: DeliveryId,
    /// Somebody who was invited as an operator.
    pub user: UserId,
    /// The id of its own version of the reply prompt, which has number 2.
    pub prompt: String,
    /// The id of an experiment that compares it with the built-in one.
    pub experiment: String,
}

impl House {
    /// `/agencies/{id}{rest}`.
    pub fn path(&self, rest: &str) -> String {
        format!("/agencies/{}{rest}", self.agency.id)
    }
}

/// Agency `north` with the tenants `bakery` and `florist`, agency `south` with the tenant `rival`.
pub struct World {
    pub rig: Rig,
    pub installation: Key,
    pub north: House,
    pub south: House,
    pub bakery: Shop,
    pub florist: Shop,
    pub rival: Shop,
}

impl World {
    pub async fn new() -> Self {
        Self::with(HttpSettings::default()).await
    }

    pub async fn with(settings: HttpSettings) -> Self {
        Self::with_media(settings, |_| {}).await
    }

    /// The same with a media library of the test's own making.
    pub async fn with_media(settings: HttpSettings, media: impl FnOnce(&mut MediaParts)) -> Self {
        let rig = Rig::start_with_media(settings, media).await;
        let installation = key(&rig, "installation", KeyScope::Installation).await;
        let north = house(&rig, &installation, "North", "2001").await;
        let south = house(&rig, &installation, "South", "2002").await;
        let bakery = shop(&rig, &north, "bakery", "17841400000000001").await;
        let florist = shop(&rig, &north, "florist", "17841400000000002").await;
        let rival = shop(&rig, &south, "rival", "17841400000000003").await;
        Self { rig, installation, north, south, bakery, florist, rival }
    }
}

/// A tenant with nothing in it, and the text of a key for it.
pub async fn bare_tenant(rig: &Rig) -> (TenantId, String) {
    let (agency, changes) = act(rig).create_agency("Bare").unwrap();
    rig.database.commit(changes).await.unwrap();
    let settings = TenantSettings::default();
    let (tenant, changes) = act(rig).create_tenant(agency.id, "bare", "Bare", "UTC", &settings).unwrap();
    rig.database.commit(changes).await.unwrap();
    let scope = KeyScope::Tenant { agency: agency.id, tenant: tenant.id };
    (tenant.id, key(rig, "bare", scope).await.text)
}

fn act(rig: &Rig) -> Act<'_> {
    Act { by: "cli".to_owned(), at: rig.now(), ids: &rig.ports.ids }
}

pub async fn key(rig: &Rig, name: &str, scope: KeyScope) -> Key {
    key_with(rig, name, scope, UserRole::Owner).await
}

/// A key with a role.
pub async fn key_with(rig: &Rig, name: &str, scope: KeyScope, role: UserRole) -> Key {
    let (key, text, changes) = act(rig).create_key(name, scope, role, None).unwrap();
    rig.database.commit(changes).await.unwrap();
    Key { key, text: text.expose_secret().to_owned() }
}

async fn house(rig: &Rig, installation: &Key, name: &str, app_id: &str) -> House {
    // Agency and app are made through the API, so that the node knows the app's webhooks.
    let made = rig.post(&installation.text, "/agencies", json!({ "name": name })).await.ok();
    let id: AgencyId = made["id"].as_str().unwrap().parse().unwrap();
    let agency = rig.database.find_agency(&id).await.unwrap().unwrap();
    let key = key(rig, name, KeyScope::Agency { agency: id }).await;
    let new = json!({ "external_id": app_id, "secret": format!("secret-{app_id}"),
        "verify_token": format!("verify-{app_id}") });
    rig.post(&key.text, &format!("/agencies/{id}/apps"), new).await.ok();
    let app = rig.database.list_apps(&id).await.unwrap().remove(0);
    let (rehearsal, channel) = (rehearsal(rig, id, None).await, channel(rig, id, None).await);
    let (webhook, delivery) = webhook(rig, id).await;
    let mut prompt = String::new();
    for kind in ["crisis", "reply"] {
        let new =
            json!({ "key": kind, "body": format!("{name} answers for {{{{ brand }}}}."), "note": name });
        let made = rig.post(&key.text, &format!("/agencies/{id}/prompts"), new).await.ok();
        assert_eq!(made["version"], 2);
        prompt = made["id"].as_str().unwrap().to_owned();
    }
    let new = json!({ "key": "reply", "name": name,
        "arms": [{ "version": 1, "weight": 1 }, { "version": 2, "weight": 1 }] });
    let made = rig.post(&key.text, &format!("/agencies/{id}/experiments"), new).await.ok();
    let experiment = made["id"].as_str().unwrap().to_owned();
    let email = format!("{}@example.com", name.to_lowercase());
    let operator = Grant { agency: id, tenant: None, role: UserRole::Operator };
    let (user, changes) = act(rig).invite(id, email, None, vec![operator]);
    rig.database.commit(changes).await.unwrap();
    let user = user.id;
    House { agency, key, app, rehearsal, channel, webhook, delivery, user, prompt, experiment }
}

async fn shop(rig: &Rig, house: &House, slug: &str, external_id: &str) -> Shop {
    let agency = house.agency.id;
    let settings = TenantSettings::default();
    let (tenant, changes) = act(rig).create_tenant(agency, slug, slug, "Europe/Lisbon", &settings).unwrap();
    rig.database.commit(changes).await.unwrap();
    let key = key(rig, slug, KeyScope::Tenant { agency, tenant: tenant.id }).await;
    let account = Account {
        id: AccountId::new(&rig.ports.ids),
        tenant: tenant.id,
        external_id: external_id.to_owned(),
        scoped_id: None,
        page_id: None,
        username: slug.to_owned(),
        flavour: LoginFlavour::Instagram,
        app: None,
        status: AccountStatus::Active,
        token_expires_at: None,
        created_at: rig.now(),
    };
    let token = rig.vault.seal_token(&tenant.id, &account.id, &SecretString::from("token")).unwrap();
    rig.database.commit(act(rig).put_account(account.clone(), token, "account.connected")).await.unwrap();
    let objects = Objects::create(rig, &tenant, &account).await;
    let conversation = conversation(rig, &tenant, &key).await;
    Shop { tenant, key, account, objects, conversation }
}

/// A conversation in which the shop's key asked why.
async fn conversation(rig: &Rig, tenant: &Tenant, key: &Key) -> OversightId {
    let session = OversightSession {
        id: OversightId::new(&rig.ports.ids),
        tenant: tenant.id,
        asked_by: format!("key:{}", key.key.id),
        title: "Why?".to_owned(),
        is_active: true,
        total_queries: 0,
        total_latency_ms: 0,
        last_question: None,
        last_answer: None,
        created_at: rig.now(),
        updated_at: rig.now(),
    };
    let id = session.id;
    let begin = Change::Oversight(OversightChange::Begin(Box::new(session)));
    rig.database.commit(Changes::of_tenant(tenant.id).with(begin)).await.unwrap();
    id
}
