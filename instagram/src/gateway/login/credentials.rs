//! Which app asks: the installation's own, or one that an agency brought.

use secrecy::SecretString;
use tenants::account::LoginFlavour;
use tenants::ids::AppId;
use tenants::ports::ConnectError;

use crate::gateway::Gateway;
use crate::vault::Owner;

/// Client id and secret of a login.
#[derive(Debug, Clone)]
pub struct LoginCredentials {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub secret: SecretString,
}

/// The logins of the installation's own app. Meta gives Instagram Login an id and a secret of its own.
#[derive(Debug, Clone, Default)]
pub struct OwnLogins {
    /// Instagram Login.
    pub instagram: Option<LoginCredentials>,
    /// Facebook Login for Business.
    pub facebook: Option<LoginCredentials>,
}

impl Gateway {
    pub(super) async fn credentials(
        &self,
        app: Option<AppId>,
        flavour: LoginFlavour,
    ) -> Result<LoginCredentials, ConnectError> {
        match app {
            Some(app) => self.credentials_of(app, flavour).await,
            None => {
                let own = match flavour {
                    LoginFlavour::Instagram => &self.logins.instagram,
                    LoginFlavour::Facebook => &self.logins.facebook,
                };
                own.clone().ok_or_else(|| {
                    let text = "the installation has no Meta app of its own: set instagram.app.id and \
                                instagram.app.secrets, or name an app of the agency";
                    ConnectError::NoApp(text.to_owned())
                })
            }
        }
    }

    async fn credentials_of(
        &self,
        app: AppId,
        flavour: LoginFlavour,
    ) -> Result<LoginCredentials, ConnectError> {
        let directory = self.tokens.directory();
        let unavailable = |error: tenants::ports::StoreError| ConnectError::Unreachable(error.to_string());
        if flavour == LoginFlavour::Instagram {
            let logins = directory.all_app_logins().await.map_err(unavailable)?;
            if let Some(login) = logins.into_iter().find(|login| login.app == app) {
                let secret = self.tokens.vault().open(Owner::App(&login.instagram_app_id), &login.secret)?;
                return Ok(LoginCredentials { client_id: login.instagram_app_id, secret });
            }
        }
        let apps = directory.all_apps().await.map_err(unavailable)?;
        let found = apps.into_iter().find(|(known, _)| known.id == app);
        let (app, sealed) = found
            .and_then(|(app, sealed)| Some((app, sealed?)))
            .ok_or_else(|| ConnectError::NoApp("the app has no secret here: register it anew".to_owned()))?;
        let secret = self.tokens.vault().open(Owner::App(&app.external_id), &sealed)?;
        Ok(LoginCredentials { client_id: app.external_id, secret })
    }
}
