//! Facebook Login for Business: a code, the person's token, and the Pages with linked Instagram accounts.

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tenants::account::LoginFlavour;
use tenants::connect::{ConnectAttempt, FoundAccount};
use tenants::ports::ConnectError;

use super::answers::{self, Token};
use super::{Gateway, Given, LoginCredentials, scopes};
use crate::webhook::fields;

/// Pages of a list that are read at most: a person with more than 2,000 Pages connects through a smaller login.
const MAX_LISTS: usize = 20;
/// Names of Pages that are shown at most.
const MAX_NAMES: usize = 5;

impl Gateway {
    pub(super) async fn exchange_at_facebook(
        &self,
        attempt: &ConnectAttempt,
        login: &LoginCredentials,
        code: &str,
    ) -> Result<Given, ConnectError> {
        let secret = login.secret.expose_secret();
        let with_code = [
            ("client_id", login.client_id.as_str()),
            ("client_secret", secret),
            ("redirect_uri", attempt.redirect_uri.as_str()),
            ("code", code),
        ];
        let short = self.facebook_token(login, &with_code).await?;
        let for_long = [
            ("grant_type", "fb_exchange_token"),
            ("client_id", login.client_id.as_str()),
            ("client_secret", secret),
            ("fb_exchange_token", short.text.expose_secret()),
        ];
        let person = self.facebook_token(login, &for_long).await?.text;
        let scopes = scopes::of_list(&self.facebook_read("me/permissions", &[], &person).await?);
        let me = self.facebook_read("me", &[("fields", "id")], &person).await?;
        let accounts = self.linked_accounts(&person).await?;
        Ok(Given { accounts, scopes, granted_by: fields::id(&me, "id") })
    }

    async fn facebook_token(
        &self,
        login: &LoginCredentials,
        query: &[(&str, &str)],
    ) -> Result<Token, ConnectError> {
        let url = format!("{}/oauth/access_token", self.transport.hosts().facebook_graph);
        let answer = self.transport.open(Method::GET, &url, query, &[]).await.map_err(answers::lost)?;
        answers::token(&answer.into_body().map_err(|answer| answers::refusal(&answer, &login.secret))?.body)
    }

    async fn facebook_read(
        &self,
        path: &str,
        query: &[(&'static str, &str)],
        token: &SecretString,
    ) -> Result<Value, ConnectError> {
        let mut call = Self::login_call(LoginFlavour::Facebook, path);
        call.query = query.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.read_with(&call, token).await
    }

    /// The Instagram accounts of all Pages the person chose, each with its Page's token, which does not run out.
    async fn linked_accounts(
        &self,
        person: &SecretString,
    ) -> Result<Vec<(FoundAccount, SecretString)>, ConnectError> {
        let (mut accounts, mut unlinked, mut after) = (Vec::new(), Vec::new(), None);
        for _ in 0..MAX_LISTS {
            let fields = "id,name,access_token,tasks,instagram_business_account{id,username}";
            let mut query = vec![("fields", fields), ("limit", "100")];
            query.extend(after.as_deref().map(|after| ("after", after)));
            let body = self.facebook_read("me/accounts", &query, person).await?;
            for page in body["data"].as_array().into_iter().flatten() {
                match account_of(page) {
                    Some(found) => accounts.push(found),
                    None => unlinked.push(fields::text(page, "name").unwrap_or_default()),
                }
            }
            let next = body["paging"]["next"].is_string();
            after = body["paging"]["cursors"]["after"].as_str().map(str::to_owned).filter(|_| next);
            if after.is_none() {
                break;
            }
        }
        if accounts.is_empty() { Err(nothing_linked(&unlinked)) } else { Ok(accounts) }
    }
}

fn account_of(page: &Value) -> Option<(FoundAccount, SecretString)> {
    let linked = &page["instagram_business_account"];
    let account = FoundAccount {
        external_id: fields::id(linked, "id")?,
        scoped_id: None,
        page_id: Some(fields::id(page, "id")?),
        page_name: fields::text(page, "name"),
        username: fields::text(linked, "username").unwrap_or_default(),
        token_expires_at: None,
    };
    Some((account, SecretString::from(page["access_token"].as_str()?)))
}

fn nothing_linked(pages: &[String]) -> ConnectError {
    let names: Vec<&str> = pages.iter().take(MAX_NAMES).map(String::as_str).collect();
    let text = if names.is_empty() {
        "no Facebook Page was chosen: start again and choose the Page of the Instagram account".to_owned()
    } else {
        format!(
            "none of the chosen Pages ({}) has a linked Instagram professional account: link it in the Page's \
             settings, or connect it through Instagram Login",
            names.join(", ")
        )
    };
    ConnectError::Refused(text)
}
