//! The consent page and what a person answers there.

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{page, scopes_of};
use crate::{
    control::requests::Login,
    core::Core,
    ids::AccountId,
    state::{World, accounts::Account, apps::App},
};

/// `GET /oauth/authorize`.
pub(crate) async fn instagram(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    answer(&core, Login::Instagram, &query.unwrap_or_default())
}

/// `GET /{version}/dialog/oauth`.
pub(crate) async fn facebook(State(core): State<Arc<Core>>, RawQuery(query): RawQuery) -> Response {
    answer(&core, Login::Facebook, &query.unwrap_or_default())
}

/// The parameters of the address; some may come several times.
struct Query(Vec<(String, String)>);

impl Query {
    fn read(text: &str) -> Self {
        Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// Words with commas or spaces between them, from every occurrence.
    fn words(&self, name: &str) -> Vec<String> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        let words = values.flat_map(|(_, value)| value.split([',', ' ']));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }
}

/// What an app asks for.
struct Wish {
    app: App,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
}

fn answer(core: &Core, login: Login, query: &str) -> Response {
    let query = Query::read(query);
    let wish = match core.look(|world, _| wish(world, login, &query)) {
        Ok(wish) => wish,
        Err(text) => return html(StatusCode::BAD_REQUEST, page::refusal(&text)),
    };
    match query.get("sandbox_decision") {
        Some("deny") => back(&wish, &denied(), login),
        Some("allow") => {
            let accounts = core.look(|world, _| chosen(world, login, &query));
            if accounts.is_empty() {
                return html(StatusCode::BAD_REQUEST, page::refusal("Choose an account."));
            }
            let given = match query.words("sandbox_scopes") {
                words if words.is_empty() => wish.scopes.clone(),
                words => wish.scopes.iter().filter(|scope| words.contains(scope)).cloned().collect(),
            };
            let code = core.act(|world, now| {
                let redirect_uri = wish.redirect_uri.clone();
                world.issue_code(wish.app.id.clone(), login, accounts, (given, redirect_uri), now)
            });
            back(&wish, &[("code", code)], login)
        }
        _ => html(StatusCode::OK, ask(core, login, &query, &wish)),
    }
}

/// Checks an app's wish. Nobody is sent to an address that the app has not registered.
fn wish(world: &World, login: Login, query: &Query) -> Result<Wish, String> {
    let app = query.get("client_id").and_then(|id| world.apps.find(id));
    let app = app.ok_or("Invalid platform app")?.clone();
    let redirect_uri = query.get("redirect_uri").ok_or("Invalid redirect_uri")?.to_owned();
    let is_registered = app.redirect_uris.as_ref().is_none_or(|known| known.contains(&redirect_uri));
    if !is_registered {
        return Err("Invalid redirect_uri".to_owned());
    }
    if query.get("response_type") != Some("code") {
        return Err("Invalid response_type".to_owned());
    }
    let scopes = query.words("scope");
    if scopes.is_empty() {
        return Err("Missing required field scope".to_owned());
    }
    if let Some(unknown) = scopes.iter().find(|scope| !scopes_of(login).contains(&scope.as_str())) {
        return Err(format!("Invalid Scopes: {unknown}"));
    }
    Ok(Wish { app, redirect_uri, scopes, state: query.get("state").map(str::to_owned) })
}

/// The accounts that log in: those named, else the only one there is.
fn chosen(world: &World, login: Login, query: &Query) -> Vec<AccountId> {
    let all = able(world, login);
    let named = query.words("sandbox_account");
    if named.is_empty() {
        return if all.len() == 1 { vec![all[0].user_id.clone()] } else { Vec::new() };
    }
    let named: Vec<AccountId> = named
        .iter()
        .filter_map(|name| world.account_named(name).ok())
        .filter(|id| all.iter().any(|account| account.user_id == *id))
        .collect();
    match login {
        Login::Instagram => named.into_iter().take(1).collect(),
        Login::Facebook => named,
    }
}

fn able(world: &World, login: Login) -> Vec<Account> {
    world.accounts.iter().map(|node| node.account.clone()).filter(|account| account.login == login).collect()
}

fn ask(core: &Core, login: Login, query: &Query, wish: &Wish) -> String {
    let accounts = core.look(|world, _| able(world, login));
    let names = ["client_id", "redirect_uri", "response_type", "scope", "state"];
    let keep: Vec<(&str, &str)> = names.iter().filter_map(|name| Some((*name, query.get(name)?))).collect();
    let app = wish.app.id.as_str();
    page::Consent { login, app, keep: &keep, scopes: &wish.scopes, accounts: &accounts }.html()
}

fn denied() -> [(&'static str, String); 3] {
    [
        ("error", "access_denied".to_owned()),
        ("error_reason", "user_denied".to_owned()),
        ("error_description", "The user denied your request".to_owned()),
    ]
}

/// Sends the person back. Meta puts something behind the address that is no part of it.
fn back(wish: &Wish, parameters: &[(&str, String)], login: Login) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        query.append_pair(name, value);
    }
    if let Some(state) = &wish.state {
        query.append_pair("state", state);
    }
    let glue = if wish.redirect_uri.contains('?') { '&' } else { '?' };
    let tail = if login == Login::Instagram { "#_" } else { "#_=_" };
    let location = format!("{}{glue}{}{tail}", wish.redirect_uri, query.finish());
    (StatusCode::FOUND, [(header::LOCATION, location)]).into_response()
}

fn html(status: StatusCode, text: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned())], text).into_response()
}
