//! The address of the consent page.

use reqwest::Url;
use tenants::account::LoginFlavour;
use tenants::connect::{ConnectAttempt, wanted_scopes};
use tenants::ports::ConnectError;

use crate::gateway::transport::Hosts;

/// Where the person is sent.
pub(super) fn url(
    hosts: &Hosts,
    attempt: &ConnectAttempt,
    client_id: &str,
    state: &str,
) -> Result<String, ConnectError> {
    let address = match attempt.flavour {
        LoginFlavour::Instagram => format!("{}/oauth/authorize", hosts.instagram_login),
        LoginFlavour::Facebook => format!("{}/dialog/oauth", hosts.facebook_login),
    };
    let wrong = |_| ConnectError::NoApp(format!("`{address}` is no address: correct it in the settings"));
    let mut url = Url::parse(&address).map_err(wrong)?;
    let scopes: Vec<&str> = wanted_scopes(attempt.flavour).iter().map(|wanted| wanted.scope).collect();
    url.query_pairs_mut()
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", &attempt.redirect_uri)
        .append_pair("response_type", "code")
        .append_pair("scope", &scopes.join(","))
        .append_pair("state", state);
    Ok(url.into())
}
