//! Sets the stage: a sandbox, a node that takes it for Instagram, and the brands on both.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sandbox::{Login, NewAccount, NewMedia, Sandbox, SandboxOptions, Subscription};
use secrecy::ExposeSecret;
use tenants::access::UserRole;
use tenants::account::{Account, AccountStatus, Agency, KeyScope, LoginFlavour, Tenant};
use tenants::audit::Chain;
use tenants::changes::{Change, Changes};
use tenants::clock::{Clock, SystemClock};
use tenants::ids::{AccountId, UserId};
use tenants::ports::{Directory, Hint, UnitOfWork, Users, Wake};
use tenants::settings::{BrandVoice, HourlyCaps, TenantSettings};
use tenants::user::{Grant, TokenKind, User, UserChange, UserStatus};

use super::cast::{self, Character};
use crate::administration::Act;
use crate::boot::{BootOptions, Node};
use crate::people::{Links, PeopleSettings};
use crate::settings::{Secret, Settings};

/// The agency of the demo.
const AGENCY: &str = "Demo agency";

/// A brand on stage.
#[derive(Debug, Clone)]
pub(super) struct Brand {
    pub character: Character,
    pub tenant: Tenant,
    pub account: Account,
}

/// Everything that runs.
pub(super) struct Stage {
    pub sandbox: Sandbox,
    pub node: Node,
    pub brands: Vec<Brand>,
    pub key: String,
    /// Opens the dashboard, signed in; works once, for an hour.
    pub sign_in: String,
}

impl Stage {
    /// Starts the sandbox and the node on `settings`, and makes the brands on first use.
    pub(super) async fn set(mut settings: Settings, sandbox_options: SandboxOptions) -> anyhow::Result<Self> {
        let sandbox = Sandbox::start(sandbox_options).await.context(
            "the local Instagram cannot start; TROUPE__SANDBOX__LISTEN=127.0.0.1:0 gives it a free port",
        )?;
        let app = sandbox.apps().into_iter().next().context("the sandbox has no app")?;
        settings.instagram.instagram_base_url = sandbox.base_url();
        settings.instagram.facebook_base_url = sandbox.base_url();
        settings.dispatcher.read_back_delay_ms = super::READ_BACK_DELAY_MS;
        let listen = settings.http.listen;
        if settings.media_url().is_none() && listen.port() != 0 {
            // The local Instagram fetches pictures from where the node listens.
            settings.http.public_url = format!("http://{listen}");
        }
        settings.instagram.app.id = app.id.as_str().to_owned();
        settings.instagram.app.secrets = vec![Secret::from(app.secret.clone())];
        settings.instagram.app.verify_token = Secret::from(app.verify_token.clone());

        let dir = settings.data.dir.clone();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let node = Node::start(settings, BootOptions::new(clock)).await?;
        let agency = agency(&node).await?;
        let mut brands = Vec::new();
        for character in cast::everybody()? {
            brands.push(brand(&node, &sandbox, &agency, character).await?);
        }
        let key = api_key(&node, &agency, &dir.join("demo.key")).await?;
        let sign_in = sign_in_link(&node, &agency).await?;
        node.foundations().wake.send(Hint::DirectoryChanged);
        let subscription = Subscription {
            callback_url: format!("{}/webhooks/instagram", node.base_url()),
            ..Subscription::default()
        };
        sandbox.subscribe(&app.id, subscription).await?;
        Ok(Self { sandbox, node, brands, key, sign_in })
    }

    /// Gives a brand's account the token the sandbox now holds for it, as a person who reconnects would.
    pub(super) async fn reconnect(&self, brand: &Brand) -> anyhow::Result<()> {
        let token = self.sandbox.renew_token(&brand.account.external_id)?;
        let account = Account { status: AccountStatus::Active, ..brand.account.clone() };
        connect(&self.node, account, token, "account.reconnected").await?;
        let wake = &self.node.foundations().wake;
        wake.send(Hint::TenantChanged(brand.tenant.id));
        wake.send(Hint::AccountRestored(brand.tenant.id, brand.account.id));
        Ok(())
    }

    /// Ends the node, then the sandbox; false when the node had to cut something off.
    pub(super) async fn strike(self) -> bool {
        let ended = self.node.shut_down().await;
        self.sandbox.stop().await;
        ended
    }
}

fn act(node: &Node) -> Act<'_> {
    let foundations = node.foundations();
    Act { by: "demo".to_owned(), at: foundations.clock.now(), ids: &foundations.ids }
}

async fn agency(node: &Node) -> anyhow::Result<Agency> {
    let database = &node.foundations().database;
    if let Some(known) = database.list_agencies().await?.into_iter().find(|agency| agency.name == AGENCY) {
        return Ok(known);
    }
    let (agency, changes) = act(node).create_agency(AGENCY)?;
    database.commit(changes).await?;
    Ok(agency)
}

async fn brand(
    node: &Node,
    sandbox: &Sandbox,
    agency: &Agency,
    character: Character,
) -> anyhow::Result<Brand> {
    let database = &node.foundations().database;
    let tenant = match database.find_tenant_by_slug(&agency.id, &character.slug).await? {
        Some(known) => known,
        None => {
            let Character { slug, name, time_zone, .. } = &character;
            let (tenant, changes) =
                act(node).create_tenant(agency.id, slug, name, time_zone, &settings(&character))?;
            database.commit(changes).await?;
            tenant
        }
    };
    let known = database.list_accounts(&tenant.id).await?.into_iter().next();
    let account = account(node, sandbox, &tenant, &character, known).await?;
    Ok(Brand { character, tenant, account })
}

/// The brand's account, the same on both sides. The sandbox may be new while the database is not, and the other way
/// round.
async fn account(
    node: &Node,
    sandbox: &Sandbox,
    tenant: &Tenant,
    character: &Character,
    known: Option<Account>,
) -> anyhow::Result<Account> {
    let met_before = sandbox.account(&character.username);
    let is_known_there = met_before.is_some();
    let there = match met_before {
        Some(there) => there,
        None => {
            let new = NewAccount::new(&character.username).name(&character.name).login(Login::Instagram);
            let there = sandbox.create_account(new)?;
            for caption in &character.posts {
                sandbox.create_media(&there, NewMedia::post(caption))?;
            }
            sandbox.create_media(&there, NewMedia::story())?;
            there
        }
    };
    let external_id = there.user_id.as_str().to_owned();
    if let Some(known) = known.as_ref().filter(|known| known.external_id == external_id)
        && known.status == AccountStatus::Active
        && is_known_there
    {
        return Ok(known.clone());
    }
    let foundations = node.foundations();
    let account = Account {
        id: known.as_ref().map_or_else(|| AccountId::new(&foundations.ids), |known| known.id),
        tenant: tenant.id,
        external_id,
        scoped_id: Some(there.app_scoped_id.clone()),
        page_id: None,
        username: character.username.clone(),
        flavour: LoginFlavour::Instagram,
        app: None,
        status: AccountStatus::Active,
        token_expires_at: None,
        created_at: foundations.clock.now(),
    };
    let token = match sandbox.token(&there) {
        Ok(token) => token,
        Err(_) => sandbox.renew_token(&there)?,
    };
    connect(node, account.clone(), token, "account.connected").await?;
    Ok(account)
}

async fn connect(node: &Node, account: Account, token: String, event_type: &str) -> anyhow::Result<()> {
    let foundations = node.foundations();
    let token = Secret::from(token);
    let sealed = foundations.vault.seal_token(&account.tenant, &account.id, token.inner())?;
    let changes = act(node).put_account(account, sealed, event_type);
    Ok(foundations.database.commit(changes).await?)
}

/// The demo's caps are out of the way: its traffic is denser than any real account's.
fn settings(character: &Character) -> TenantSettings {
    let no_cap = 1_000_000;
    TenantSettings {
        languages: vec![character.language],
        voice: BrandVoice {
            brand_name: character.name.clone(),
            facts: character.facts.clone(),
            ..BrandVoice::default()
        },
        hourly_caps: HourlyCaps {
            public_replies: no_cap,
            direct_messages: no_cap,
            private_replies: no_cap,
            moderation: no_cap,
            posts: no_cap,
        },
        ..TenantSettings::default()
    }
}

/// The demo's API key, kept beside its data so that a restart shows the same one.
async fn api_key(node: &Node, agency: &Agency, file: &PathBuf) -> anyhow::Result<String> {
    if let Ok(text) = std::fs::read_to_string(file) {
        return Ok(text.trim().to_owned());
    }
    let (_, text, changes) =
        act(node).create_key("demo", KeyScope::Agency { agency: agency.id }, UserRole::Owner, None)?;
    node.foundations().database.commit(changes).await?;
    crate::data_dir::write_private(file, text.expose_secret())?;
    Ok(text.expose_secret().to_owned())
}

/// Who looks at the demo's dashboard.
const VIEWER: &str = "demo@troupe.example";

/// A link that signs the demo's owner in; a new one with every start.
async fn sign_in_link(node: &Node, agency: &Agency) -> anyhow::Result<String> {
    let database = &node.foundations().database;
    let act = act(node);
    let known = database.find_credentials(VIEWER).await?.map(|found| found.user);
    let user = known.clone().unwrap_or_else(|| User {
        id: UserId::new(act.ids),
        email: VIEWER.to_owned(),
        name: "Demo".to_owned(),
        status: UserStatus::Active,
        last_sign_in_at: None,
        created_at: act.at,
    });
    let (ids, clock) = (act.ids.clone(), node.foundations().clock.clone());
    let links = Links::new(ids, clock, node.base_url(), PeopleSettings::default());
    let (link, change) = links.make(TokenKind::SignIn, Some(user.id));
    let mut changes = Changes { chain: Chain::Agency(agency.id), list: Vec::new() };
    if known.is_none() {
        let owner = Grant { agency: agency.id, tenant: None, role: UserRole::Owner };
        changes.push(Change::User(UserChange::Put(Box::new(user.clone()))));
        changes.push(Change::User(UserChange::SetGrants { user: user.id, grants: vec![owner] }));
    }
    changes.push(change);
    database.commit(changes).await?;
    Ok(link.url.expose_secret().to_owned())
}

/// Where the sandbox of the demo keeps its state between runs.
pub(super) fn sandbox_state(dir: &Path) -> PathBuf {
    dir.join("sandbox.json")
}

/// How long the demo waits for webhooks that are under way.
pub(super) const DELIVERY_LIMIT: Duration = Duration::from_secs(120);
