//! `/{app-id}/subscriptions`: where an app's webhooks go.

use axum::http::Method;
use serde_json::{Value, json};

use super::{caller::Caller, errors::GraphError, perform::success, request::GraphRequest};
use crate::{
    core::Core,
    errors::ControlError,
    webhooks::{fields::ACCOUNT_FIELDS, handshake},
};

pub(super) async fn call(core: &Core, request: &GraphRequest, caller: &Caller) -> Result<Value, GraphError> {
    if caller.account.is_some() {
        let text = "This method must be called with an app access_token.";
        return Err(GraphError::new(15, format!("(#15) {text}")));
    }
    match request.method {
        Method::POST => subscribe(core, request, caller).await,
        Method::DELETE => {
            change(core, caller, None, None);
            Ok(success())
        }
        _ => Ok(list(core, caller)),
    }
}

/// Verifies the callback inside the call, then takes it.
async fn subscribe(core: &Core, request: &GraphRequest, caller: &Caller) -> Result<Value, GraphError> {
    let params = &request.params;
    if params.required("object")? != "instagram" {
        return Err(GraphError::invalid_parameter("Param object must be instagram."));
    }
    let callback_url = params.required("callback_url")?;
    let verify_token = params.required("verify_token")?;
    let fields = params.words("fields");
    if let Some(unknown) = fields.iter().find(|field| !ACCOUNT_FIELDS.contains(&field.as_str())) {
        return Err(GraphError::invalid_parameter(format!("Param fields has the unknown field {unknown}.")));
    }
    handshake::verify(core, &callback_url, &verify_token).await.map_err(refused)?;
    let fields = (!fields.is_empty()).then_some(fields);
    change(core, caller, Some((callback_url, verify_token)), fields);
    Ok(success())
}

fn refused(error: ControlError) -> GraphError {
    GraphError::new(2200, format!("(#2200) Callback verification failed with the following errors: {error}"))
}

fn change(core: &Core, caller: &Caller, callback: Option<(String, String)>, fields: Option<Vec<String>>) {
    core.act(|world, _| {
        let Some(app) = world.apps.find_mut(caller.app.as_str()) else { return };
        app.fields = fields;
        match callback {
            Some((callback_url, verify_token)) => {
                app.callback_url = Some(callback_url);
                app.verify_token = verify_token;
            }
            None => app.callback_url = None,
        }
    });
}

fn list(core: &Core, caller: &Caller) -> Value {
    let version = &core.options.api_version;
    let subscription = core.look(|world, _| {
        let app = world.apps.find(caller.app.as_str())?;
        let callback_url = app.callback_url.clone()?;
        let fields =
            app.fields.clone().unwrap_or_else(|| ACCOUNT_FIELDS.iter().map(|f| (*f).to_owned()).collect());
        let fields: Vec<Value> =
            fields.iter().map(|name| json!({"name": name, "version": version})).collect();
        Some(json!({"object": "instagram", "callback_url": callback_url, "active": true, "fields": fields}))
    });
    json!({"data": subscription.into_iter().collect::<Vec<_>>()})
}
