//! Small edges of an account: likes, webhook subscription, messenger profile, uploaded attachments.

use axum::http::Method;
use serde_json::{Value, json};

use super::{
    errors::GraphError,
    perform::{Call, success},
};
use crate::{
    control::requests::Login,
    ids::{CommentId, MediaId},
    state::{World, accounts::AccountNode},
    webhooks::fields::{ACCOUNT_FIELDS, PAGE_FIELDS},
};

const PROFILE_PARTS: [&str; 2] = ["ice_breakers", "persistent_menu"];

fn own<'w>(world: &'w mut World, call: &Call<'_>) -> Result<&'w mut AccountNode, GraphError> {
    let lost = || GraphError::unknown_object(&call.request.method, call.account.as_str());
    world.accounts.get_mut(call.account).ok_or_else(lost)
}

/// Likes or unlikes a media or a comment; Facebook Login only.
pub(crate) fn like(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    if call.login == Login::Instagram {
        return Err(GraphError::unsupported_method(&call.request.method));
    }
    let params = &call.request.params;
    let liked = call.request.method == Method::POST;
    match (params.text("media_id"), params.text("comment_id")) {
        (Some(media), None) => world.like_media(call.account, &MediaId::new(media), liked, call.now)?,
        (None, Some(comment)) => {
            world.like_comment(call.account, &CommentId::new(comment), liked, call.now)?
        }
        _ => {
            return Err(GraphError::invalid_parameter("Exactly one of media_id and comment_id is required."));
        }
    }
    Ok(success())
}

/// Which webhooks the app gets for this account. Whatever is chosen, the app's own choice of fields decides.
pub(crate) fn subscribed_apps(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let node = own(world, call)?;
    if call.request.method == Method::GET {
        let account = &node.account;
        let data = match account.subscribed_fields.as_slice() {
            [] => json!([]),
            fields => json!([{"app_id": account.app_id, "subscribed_fields": fields}]),
        };
        return Ok(json!({ "data": data }));
    }
    if call.request.method == Method::DELETE {
        node.account.subscribed_fields.clear();
        return Ok(success());
    }
    let fields = call.request.params.words("subscribed_fields");
    if fields.is_empty() {
        return Err(GraphError::missing_parameter("subscribed_fields"));
    }
    let is_known = |field: &str| {
        ACCOUNT_FIELDS.contains(&field) || (call.login == Login::Facebook && PAGE_FIELDS.contains(&field))
    };
    if let Some(unknown) = fields.iter().find(|field| !is_known(field)) {
        let text = format!(
            "Param subscribed_fields[0] must be one of {{{}}}, got {unknown}",
            ACCOUNT_FIELDS.join(", ")
        );
        return Err(GraphError::invalid_parameter(text));
    }
    node.account.subscribed_fields = fields;
    Ok(success())
}

/// Ice breakers and the persistent menu.
pub(crate) fn messenger_profile(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let params = &call.request.params;
    let node = own(world, call)?;
    if call.request.method == Method::GET {
        let profile = &node.messenger_profile;
        let data = if profile.is_empty() { json!([]) } else { json!([profile]) };
        return Ok(json!({ "data": data }));
    }
    if call.request.method == Method::DELETE {
        for part in params.words("fields") {
            node.messenger_profile.remove(&part);
        }
        return Ok(json!({"result": "success"}));
    }
    let mut changed = false;
    for part in PROFILE_PARTS {
        if let Some(value) = params.structure(part)? {
            node.messenger_profile.insert(part.to_owned(), value);
            changed = true;
        }
    }
    if changed {
        Ok(json!({"result": "success"}))
    } else {
        Err(GraphError::missing_parameter("ice_breakers"))
    }
}

/// Stores an attachment for several sends.
pub(crate) fn upload_attachment(world: &mut World, call: &Call<'_>) -> Result<Value, GraphError> {
    let message = call.request.params.structure("message")?;
    let message = message.ok_or_else(|| GraphError::missing_parameter("message"))?;
    if !message["attachment"]["payload"]["url"].is_string() {
        return Err(GraphError::invalid_message("Param message[attachment][payload][url] must be a URL."));
    }
    let id = world.ids.attachment();
    own(world, call)?.attachments.push(id.clone());
    Ok(json!({"attachment_id": id}))
}
