//! The consent page: what an app asks for, and who answers.

use crate::{control::requests::Login, state::accounts::Account};

/// What the page shows.
pub(super) struct Consent<'a> {
    pub(super) login: Login,
    pub(super) app: &'a str,
    /// The parameters that must come along with the answer.
    pub(super) keep: &'a [(&'a str, &'a str)],
    pub(super) scopes: &'a [String],
    pub(super) accounts: &'a [Account],
}

impl Consent<'_> {
    pub(super) fn html(&self) -> String {
        let kept: String = self
            .keep
            .iter()
            .map(|(name, value)| format!(r#"<input type="hidden" name="{name}" value="{}">"#, escaped(value)))
            .collect();
        let (kind, what) = match self.login {
            Login::Instagram => ("radio", "Log in as"),
            Login::Facebook => ("checkbox", "Choose the Pages"),
        };
        let accounts: String = self
            .accounts
            .iter()
            .enumerate()
            .map(|(index, account)| {
                let checked = if index == 0 { " checked" } else { "" };
                let (id, name) = (account.user_id.as_str(), escaped(account.username.as_str()));
                format!(
                    r#"<label><input type="{kind}" name="sandbox_account" value="{id}"{checked}> @{name}</label>"#
                )
            })
            .collect();
        let scopes: String = self
            .scopes
            .iter()
            .map(|scope| {
                let scope = escaped(scope);
                format!(
                    r#"<label><input type="checkbox" name="sandbox_scopes" value="{scope}" checked> {scope}</label>"#
                )
            })
            .collect();
        let app = escaped(self.app);
        frame(&format!(
            r#"<h1>App {app} asks for access</h1>
<form method="get">{kept}
<fieldset><legend>{what}</legend>{accounts}</fieldset>
<fieldset><legend>It may</legend>{scopes}</fieldset>
<button name="sandbox_decision" value="allow">Allow</button>
<button name="sandbox_decision" value="deny">Deny</button>
</form>"#
        ))
    }
}

/// What a person sees when an app asks wrongly. They are not sent back: the address cannot be trusted.
pub(super) fn refusal(text: &str) -> String {
    frame(&format!("<h1>Sorry, this does not work</h1><p>{}</p>", escaped(text)))
}

fn frame(body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Sandbox login</title>\
         <style>body{{font:1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem}}\
         label{{display:block}}fieldset{{margin:1rem 0}}</style></head><body>{body}</body></html>"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
