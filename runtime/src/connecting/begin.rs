//! Beginning an attempt.

use actors::Ports;
use serde_json::json;
use tenants::account::{LoginFlavour, Tenant};
use tenants::changes::{Change, Changes};
use tenants::connect::{ConnectAttempt, ConnectChange, ConnectStatus};
use tenants::ids::{AccountId, AppId, ConnectId};

use super::{CALLBACK_PATH, ConnectingError, TIME_TO_CONSENT};
use crate::administration::{Act, key_hash};

/// What is to be connected.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    /// Through which login; that of the account when one is named, else Instagram Login.
    pub flavour: Option<LoginFlavour>,
    /// Through which app of the agency; see [`begin`] for what is taken when none is named.
    pub app: Option<AppId>,
    /// The account that is to be connected again.
    pub account: Option<AccountId>,
}

/// An attempt, and where to send the person.
#[derive(Debug, Clone)]
pub struct Begun {
    /// The attempt.
    pub attempt: ConnectAttempt,
    /// The address of the consent page. It holds the secret state: show it to nobody else.
    pub authorise_url: String,
}

/// Begins an attempt. The app is the one that is named, else that of the account, else the tenant's own, else the
/// agency's, else the installation's.
///
/// # Errors
/// When there is no such account or app, or no app that could ask.
pub async fn begin(
    ports: &Ports,
    act: &Act<'_>,
    tenant: &Tenant,
    new: NewAttempt,
    public_url: &str,
) -> Result<Begun, ConnectingError> {
    let account = match &new.account {
        Some(account) => {
            let found = ports.store.find_account(&tenant.id, account).await?;
            Some(found.ok_or(ConnectingError::NotFound("account"))?)
        }
        None => None,
    };
    let app = match (new.app, &account) {
        (Some(app), _) => Some(usable(ports, tenant, app).await?),
        (None, Some(account)) => account.app,
        (None, None) => usual_app(ports, tenant).await?,
    };
    let flavour = new.flavour.or(account.as_ref().map(|account| account.flavour));
    let attempt = ConnectAttempt {
        id: ConnectId::new(act.ids),
        tenant: tenant.id,
        app,
        flavour: flavour.unwrap_or(LoginFlavour::Instagram),
        account: new.account,
        started_by: act.by.clone(),
        redirect_uri: format!("{}{CALLBACK_PATH}", public_url.trim_end_matches('/')),
        status: ConnectStatus::Waiting,
        message: None,
        found: Vec::new(),
        scopes: Vec::new(),
        granted_by: None,
        connected: None,
        expires_at: act.at + TIME_TO_CONSENT,
        created_at: act.at,
    };
    let mut state = [0u8; 32];
    act.ids.fill(&mut state);
    let state = hex::encode(state);
    let authorise_url = ports.connector.authorise_url(&attempt, &state).await?;
    let details = json!({ "flavour": attempt.flavour, "app": attempt.app, "account": attempt.account });
    let begin = ConnectChange::Begin { attempt: Box::new(attempt.clone()), state_hash: key_hash(&state) };
    let changes = Changes::of_tenant(tenant.id).with(Change::Connect(begin)).with(act.audit(
        "account.connect_begun",
        ("connect", attempt.id.to_string()),
        details,
    ));
    ports.store.commit(changes).await?;
    Ok(Begun { attempt, authorise_url })
}

/// An app must be the agency's, and free for this tenant.
async fn usable(ports: &Ports, tenant: &Tenant, app: AppId) -> Result<AppId, ConnectingError> {
    let found = ports.store.find_app(&tenant.agency, &app).await?;
    let is_usable = found.is_some_and(|app| app.tenant.is_none_or(|served| served == tenant.id));
    if is_usable { Ok(app) } else { Err(ConnectingError::NotFound("app")) }
}

async fn usual_app(ports: &Ports, tenant: &Tenant) -> Result<Option<AppId>, ConnectingError> {
    let apps = ports.store.list_apps(&tenant.agency).await?;
    let own = apps.iter().find(|app| app.tenant == Some(tenant.id));
    Ok(own.or_else(|| apps.iter().find(|app| app.tenant.is_none())).map(|app| app.id))
}
