//! Graph API out: performs actions for accounts, reads back what became of them, and says what a failure means.

mod activity;
mod call;
mod errors;
mod graph_time;
mod insights;
mod login;
mod options;
mod plan;
mod publishing;
mod read_back;
mod reading;
mod receipt;
mod shown;
mod tls;
mod tokens;
mod transport;
mod usage;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use tenants::account::{Account, SealedSecret};
use tenants::clock::{Clock, Timestamp};
use tenants::effect::{Action, ErrorCategory};
use tenants::ids::AccountId;
use tenants::ports::{
    Directory, Finding, MediaBytes, MentionText, Messenger, Receipt, SendError, Signal, Usage,
};

use crate::vault::Vault;
use call::Call;
use publishing::Files;
use tokens::Tokens;
use transport::Transport;

pub use login::{LoginCredentials, OwnLogins};
pub use options::{GatewayError, GatewayOptions};

/// The one way to Instagram. Holds the tokens and shows them to nobody.
pub struct Gateway {
    transport: Transport,
    tokens: Tokens,
    logins: OwnLogins,
    files: Option<Files>,
}

/// An answer that is no error.
struct Answered {
    body: Value,
    usage: Usage,
}

impl Gateway {
    /// A gateway with a connection pool of its own; share one.
    ///
    /// Sealed tokens come from `directory` (a store fits) and are opened by `vault` on first use.
    ///
    /// # Errors
    /// When the options are wrong.
    pub fn new(
        options: &GatewayOptions,
        vault: Arc<Vault>,
        directory: Arc<dyn Directory>,
    ) -> Result<Self, GatewayError> {
        let (transport, tokens) = (Transport::new(options)?, Tokens::new(vault, directory));
        Ok(Self { transport, tokens, logins: OwnLogins::default(), files: None })
    }

    /// The same with the logins of the installation's own app.
    #[must_use]
    pub fn with_logins(self, logins: OwnLogins) -> Self {
        Self { logins, ..self }
    }

    /// The same with files, which it can send to Instagram.
    #[must_use]
    pub fn with_files(self, files: Arc<dyn MediaBytes>, clock: Arc<dyn Clock>) -> Self {
        Self { files: Some(Files::new(files, clock)), ..self }
    }

    /// Drops the opened token of an account: call it whenever the account is connected anew or disconnected.
    pub fn forget(&self, account: &AccountId) {
        self.tokens.forget(account);
    }

    async fn call(&self, account: &Account, call: &Call) -> Result<Answered, SendError> {
        let token = self.tokens.get(account).await?;
        let answer = self.send(account, call, &token).await;
        // A refused call did nothing, so it may be made again with the token that the account has now.
        if is_token_refused(&answer)
            && let Some(newer) = self.tokens.newer_than(account, &token).await
        {
            return self.send(account, call, &newer).await;
        }
        answer
    }

    async fn send(
        &self,
        account: &Account,
        call: &Call,
        token: &SecretString,
    ) -> Result<Answered, SendError> {
        let outcome = match self.transport.send(call, token).await {
            Ok(answer) => answer.into_body().map_err(|answer| errors::from_answer(&answer, call)),
            Err(fault) => Err(errors::from_fault(fault, call.purpose)),
        };
        outcome.map_err(|mut error| {
            if error.category == ErrorCategory::AuthFailure {
                self.tokens.forget(&account.id);
            }
            error.message = tokens::redact(&error.message, token);
            error
        })
    }
}

/// True when Instagram did not accept the token itself, rather than what was asked with it.
fn is_token_refused(answer: &Result<Answered, SendError>) -> bool {
    matches!(answer, Err(SendError { category: ErrorCategory::AuthFailure, code: Some(190 | 102), .. }))
}

#[async_trait]
impl Messenger for Gateway {
    async fn perform(&self, account: &Account, action: &Action) -> Result<Receipt, SendError> {
        let call = plan::plan(account, action)?;
        let answered = self.call(account, &call).await?;
        receipt::read(action, &answered)
    }

    async fn signal(
        &self,
        account: &Account,
        recipient_id: &str,
        signal: Signal,
    ) -> Result<Usage, SendError> {
        let call = plan::signal(account, recipient_id, signal)?;
        Ok(self.call(account, &call).await?.usage)
    }

    async fn look_for(
        &self,
        account: &Account,
        action: &Action,
        since: Timestamp,
        already_ours: &[String],
    ) -> Result<Finding, SendError> {
        self.read_back(account, action, since, already_ours).await
    }

    async fn read_mention(
        &self,
        account: &Account,
        media_id: &str,
        comment_id: Option<&str>,
    ) -> Result<Option<MentionText>, SendError> {
        self.mention_text(account, media_id, comment_id).await
    }

    async fn check_token(&self, account: &Account, token: &SealedSecret) -> Result<(), SendError> {
        let token = self.tokens.unseal(account, token)?;
        let call = Gateway::profile(account)?;
        let profile = self.send(account, &call, &token).await?.body;
        reading::is_profile_of(account, &profile)
    }

    async fn check_account(&self, account: &Account) -> Result<String, SendError> {
        self.own_username(account).await
    }
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("transport", &self.transport).finish_non_exhaustive()
    }
}
