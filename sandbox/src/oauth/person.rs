//! What the token of a person (Facebook Login) reads: the person, the permissions, the Pages.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::scopes_of;
use crate::{
    control::requests::Login,
    graph::{errors::GraphError, request::GraphRequest},
    ids::AccountId,
    state::{World, logins::PersonGrant},
};

/// Pages in a list when the client names no limit.
const USUAL_LIMIT: usize = 25;

struct Asking {
    person: PersonGrant,
    scopes: Vec<String>,
}

fn asking(world: &World, request: &GraphRequest, now: DateTime<Utc>) -> Result<Asking, GraphError> {
    let token = request.token.as_deref().ok_or_else(GraphError::no_user_for_me)?;
    let state = world.tokens.check(token, now)?;
    // The accounts of a Page's own token are not a thing.
    let person = state.person.clone().ok_or_else(|| GraphError::unknown_object(&request.method, "me"))?;
    Ok(Asking { person, scopes: state.scopes.clone().unwrap_or_default() })
}

/// `GET /me`.
pub(super) fn read(world: &World, request: &GraphRequest, now: DateTime<Utc>) -> Result<Value, GraphError> {
    let asking = asking(world, request, now)?;
    Ok(json!({"id": asking.person.user_id, "name": "A person"}))
}

/// `GET /me/permissions`.
pub(super) fn permissions(
    world: &World,
    request: &GraphRequest,
    now: DateTime<Utc>,
) -> Result<Value, GraphError> {
    let asking = asking(world, request, now)?;
    let listed: Vec<Value> = scopes_of(Login::Facebook)
        .iter()
        .map(|scope| {
            let is_given = asking.scopes.iter().any(|given| given == scope);
            json!({"permission": scope, "status": if is_given { "granted" } else { "declined" }})
        })
        .collect();
    Ok(json!({ "data": listed }))
}

/// `GET /me/accounts`: the Pages the person chose, each with a token that does not run out.
pub(super) fn pages(
    world: &mut World,
    request: &GraphRequest,
    now: DateTime<Utc>,
) -> Result<Value, GraphError> {
    let asking = asking(world, request, now)?;
    if !asking.scopes.iter().any(|scope| scope == "pages_show_list") {
        return Ok(json!({"data": []}));
    }
    let number = |name: &str| request.params.text(name).and_then(|text| text.parse::<usize>().ok());
    let limit = number("limit").unwrap_or(USUAL_LIMIT).clamp(1, 100);
    let begin = number("after").unwrap_or(0);
    let chosen: Vec<AccountId> = asking.person.pages.iter().skip(begin).take(limit).cloned().collect();
    let end = begin + chosen.len();
    let mut data = Vec::with_capacity(chosen.len());
    for account in chosen {
        data.push(page(world, &account, &asking, now)?);
    }
    let mut paging = json!({"cursors": {"before": begin.to_string(), "after": end.to_string()}});
    if end < asking.person.pages.len() {
        paging["next"] = json!(format!("{}{}?after={end}&limit={limit}", request.base, request.raw_path));
    }
    Ok(json!({"data": data, "paging": paging}))
}

fn page(
    world: &mut World,
    account: &AccountId,
    asking: &Asking,
    now: DateTime<Utc>,
) -> Result<Value, GraphError> {
    let lost = || GraphError::invalid_parameter("The Page is gone.");
    let known = world.accounts.get(account).ok_or_else(lost)?.account.clone();
    let token = world.issue_login_token(account, (None, asking.scopes.clone(), false), None, now);
    Ok(json!({
        "id": known.page_id,
        "name": known.name,
        "access_token": token.map_err(|_| lost())?,
        "tasks": ["MESSAGING", "MODERATE", "CREATE_CONTENT"],
        "instagram_business_account": {"id": known.user_id, "username": known.username},
    }))
}
