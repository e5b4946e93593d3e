//! Apps: who signs webhooks, and where they go.

use std::{collections::HashMap, fmt};

use serde::{Deserialize, Serialize};

use super::World;
use crate::{control::requests::NewApp, errors::ControlError, ids::AppId};

/// An app registered with Meta. Serialises without its secret's place in logs: `Debug` leaves it out, the
/// control API shows it because a receiver under test must know it.
#[derive(Clone, Serialize, Deserialize)]
pub struct App {
    /// App id.
    pub id: AppId,
    /// Signs webhooks.
    pub secret: String,
    /// Sent as `hub.verify_token` in the handshake.
    pub verify_token: String,
    /// Where webhooks go.
    pub callback_url: Option<String>,
    /// Subscribed fields; `None` means all.
    pub fields: Option<Vec<String>>,
    /// Whether the Human Agent feature was approved.
    pub human_agent: bool,
    /// Addresses people may come back to from a login, exactly; `None` allows any.
    #[serde(default)]
    pub redirect_uris: Option<Vec<String>>,
}

impl fmt::Debug for App {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("App")
            .field("id", &self.id)
            .field("callback_url", &self.callback_url)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn wants(&self, field: &str) -> bool {
        self.callback_url.is_some()
            && self.fields.as_ref().is_none_or(|fields| fields.iter().any(|wanted| wanted == field))
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Apps {
    by_id: HashMap<AppId, App>,
    order: Vec<AppId>,
}

impl Apps {
    pub(crate) fn find(&self, id: &str) -> Option<&App> {
        self.by_id.get(id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut App> {
        self.by_id.get_mut(id)
    }

    pub(crate) fn first(&self) -> Option<&AppId> {
        self.order.first()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &App> {
        self.order.iter().filter_map(|id| self.by_id.get(id))
    }
}

impl World {
    pub(crate) fn create_app(&mut self, new: NewApp) -> Result<App, ControlError> {
        let id = new.id.map_or_else(|| self.ids.app(), AppId::new);
        if self.apps.find(id.as_str()).is_some() {
            return Err(ControlError::Exists { what: "app", id: id.to_string() });
        }
        let app = App {
            id: id.clone(),
            secret: new.secret.unwrap_or_else(|| self.ids.secret()),
            verify_token: new.verify_token.unwrap_or_else(|| self.ids.letters(24)),
            callback_url: new.callback_url,
            fields: new.fields,
            human_agent: new.human_agent.unwrap_or(true),
            redirect_uris: new.redirect_uris,
        };
        self.apps.order.push(id.clone());
        self.apps.by_id.insert(id, app.clone());
        Ok(app)
    }
}
