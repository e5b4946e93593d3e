//! Connecting accounts through the logins of Meta, and the life of their tokens.
//!
//! A [`ConnectAttempt`] begins when somebody asks for the address of the consent page, and ends when an account is
//! connected, when the person says no, or when its time is over. Its secret `state` is stored as a hash only.

use serde::{Deserialize, Serialize};

use crate::account::{AccountStatus, LoginFlavour, SealedSecret};
use crate::alert::NewAlert;
use crate::clock::Timestamp;
use crate::ids::{AccountId, AppId, ChannelId, ConnectId, TenantId};
use crate::words::word_enum;

word_enum! {
    /// Why a token does not work any more.
    pub enum TokenTrouble {
        /// The person removed the app in Instagram's settings (190/458), or Meta told us so.
        AppRemoved = "app_removed",
        /// Instagram wants the person to log in and confirm something (190/459).
        Checkpoint = "checkpoint",
        /// The password was changed (190/460).
        PasswordChanged = "password_changed",
        /// It ran out (190/463).
        Expired = "expired",
        /// The login of the person is not confirmed (190/464).
        Unconfirmed = "unconfirmed",
        /// Withdrawn by a logout or for security (190/467).
        Invalidated = "invalidated",
        /// The person has no role on the linked Page any more (190/492).
        RoleLost = "role_lost",
        /// The login session is gone (102).
        SessionLost = "session_lost",
        /// The app demands a proof with every call (104).
        ProofMissing = "proof_missing",
        /// A permission was not given or taken back (10, 200 to 299, 1/99).
        PermissionMissing = "permission_missing",
        /// Instagram cannot read it (190 without a reason that is known here).
        Refused = "refused",
        /// It is not here, or cannot be opened here.
        Unreadable = "unreadable",
    }
}

impl TokenTrouble {
    /// The cause behind Graph's numbers; without any, the token never left this place.
    pub fn of(code: Option<i64>, subcode: Option<i64>) -> Self {
        match (code, subcode) {
            (Some(190 | 102), Some(458)) => Self::AppRemoved,
            (Some(190 | 102), Some(459)) => Self::Checkpoint,
            (Some(190 | 102), Some(460)) => Self::PasswordChanged,
            (Some(190 | 102), Some(463)) => Self::Expired,
            (Some(190 | 102), Some(464)) => Self::Unconfirmed,
            (Some(190 | 102), Some(467)) => Self::Invalidated,
            (Some(190 | 102), Some(492)) => Self::RoleLost,
            (Some(102), _) => Self::SessionLost,
            (Some(104), _) => Self::ProofMissing,
            (Some(1 | 10 | 200..=299), _) => Self::PermissionMissing,
            (Some(_), _) => Self::Refused,
            (None, _) => Self::Unreadable,
        }
    }

    /// What happened, as the end of a sentence that begins with the account.
    pub fn what_happened(self) -> &'static str {
        match self {
            Self::AppRemoved => "has removed this app in Instagram's settings",
            Self::Checkpoint => "must confirm something at Instagram before apps may go on",
            Self::PasswordChanged => "has a new password, which ended the connection",
            Self::Expired => "has a connection that ran out",
            Self::Unconfirmed => "has a login that Instagram does not regard as confirmed",
            Self::Invalidated => "was logged out by its owner or by Instagram for security",
            Self::RoleLost => {
                "belongs to a Facebook Page on which the person who connected it has no role any more"
            }
            Self::SessionLost => "has a login session that is over",
            Self::ProofMissing => "belongs to an app that demands a proof with every call",
            Self::PermissionMissing => "lacks a permission that this needs",
            Self::Refused => "has a token that Instagram does not accept",
            Self::Unreadable => "has no token that can be used here",
        }
    }

    /// What to do about it, as a sentence without its full stop.
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Checkpoint | Self::Unconfirmed => {
                "log in to it at instagram.com, follow what is asked there, and connect it again"
            }
            Self::RoleLost => {
                "give that person a role on the Page (or let somebody with one connect it again)"
            }
            Self::ProofMissing => {
                "switch off \"Require app secret\" in the app's advanced settings at Meta, and connect it again"
            }
            Self::PermissionMissing => "connect it again and allow everything that is asked",
            Self::AppRemoved
            | Self::PasswordChanged
            | Self::Expired
            | Self::Invalidated
            | Self::SessionLost
            | Self::Refused
            | Self::Unreadable => "connect it again",
        }
    }

    /// The status of an account in this trouble.
    pub fn status(self) -> AccountStatus {
        if self == Self::Expired { AccountStatus::Expired } else { AccountStatus::Disconnected }
    }
}

/// The key under which the alert about the dead token of an account is found again.
pub fn auth_alert_key(account: &AccountId) -> String {
    format!("auth_failure:{account}")
}

/// The key of the alert about a token that could not be refreshed yet.
pub fn refresh_alert_key(account: &AccountId) -> String {
    format!("token_refresh:{account}")
}

/// The key of the alert about such a token that is near its end: not a mere repetition of the one before.
pub fn near_end_alert_key(account: &AccountId) -> String {
    format!("token_near_end:{account}")
}

/// The key of the alert about an account whose webhooks could not be subscribed.
pub fn subscription_alert_key(account: &AccountId) -> String {
    format!("webhooks:{account}")
}

/// A permission that was not given, and what does not work without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MissingScope {
    /// Meta's name of the permission.
    pub scope: &'static str,
    /// What will not work.
    pub without_it: &'static str,
    /// Nothing at all works without it.
    pub essential: bool,
}

const fn need(scope: &'static str, without_it: &'static str, essential: bool) -> MissingScope {
    MissingScope { scope, without_it, essential }
}

const OF_INSTAGRAM_LOGIN: &[MissingScope] = &[
    need("instagram_business_basic", "nothing works", true),
    need("instagram_business_content_publish", "posts cannot be published", false),
    need("instagram_business_manage_comments", "comments cannot be read, answered or hidden", false),
    need("instagram_business_manage_messages", "direct messages cannot be read or answered", false),
    need("instagram_business_manage_insights", "there are no insights and reports", false),
];

const OF_FACEBOOK_LOGIN: &[MissingScope] = &[
    need("instagram_basic", "nothing works", true),
    need("pages_show_list", "the Pages and their Instagram accounts cannot be found", true),
    need("pages_read_engagement", "the content of the Page cannot be read", false),
    need("instagram_content_publish", "posts cannot be published", false),
    need("instagram_manage_comments", "comments cannot be read, answered or hidden", false),
    need("instagram_manage_messages", "direct messages cannot be read or answered", false),
    need(
        "pages_manage_metadata",
        "webhooks cannot be switched on: nothing that comes in is noticed at once",
        false,
    ),
    need("instagram_manage_insights", "there are no insights and reports", false),
    need("instagram_manage_engagement", "comments cannot be liked", false),
];

/// Every permission that a login asks for.
pub fn wanted_scopes(flavour: LoginFlavour) -> &'static [MissingScope] {
    match flavour {
        LoginFlavour::Instagram => OF_INSTAGRAM_LOGIN,
        LoginFlavour::Facebook => OF_FACEBOOK_LOGIN,
    }
}

/// What was asked for and not given. Nothing, when it is not known what was given.
pub fn missing_scopes(flavour: LoginFlavour, granted: &[String]) -> Vec<MissingScope> {
    if granted.is_empty() {
        return Vec::new();
    }
    let is_missing = |wanted: &&MissingScope| !granted.iter().any(|scope| scope == wanted.scope);
    wanted_scopes(flavour).iter().filter(is_missing).copied().collect()
}

word_enum! {
    /// How far an attempt to connect an account has come.
    pub enum ConnectStatus {
        /// The person has not come back from Instagram yet.
        Waiting = "waiting",
        /// The person came back; the code is being exchanged. Its state cannot be used again.
        Exchanging = "exchanging",
        /// Several accounts were found: one must be chosen.
        Choosing = "choosing",
        /// An account is connected.
        Connected = "connected",
        /// It came to nothing.
        Failed = "failed",
    }
}

/// An attempt to connect an account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectAttempt {
    /// Its id.
    pub id: ConnectId,
    /// The tenant that gets the account.
    pub tenant: TenantId,
    /// The agency's own Meta app; `None` is the installation's.
    pub app: Option<AppId>,
    /// Through which login.
    pub flavour: LoginFlavour,
    /// The account that is to be connected again; `None` takes whichever the person allows.
    pub account: Option<AccountId>,
    /// Who began it: `key:…` or `cli`.
    pub started_by: String,
    /// The address the person comes back to, as Instagram was told.
    pub redirect_uri: String,
    /// How far it has come.
    pub status: ConnectStatus,
    /// What happened and what to do next.
    pub message: Option<String>,
    /// The accounts that the person allowed.
    pub found: Vec<FoundAccount>,
    /// Permissions that the person gave; empty when it is not known.
    pub scopes: Vec<String>,
    /// Meta's id of the person (or account) that gave them.
    pub granted_by: Option<String>,
    /// The account that is connected now.
    pub connected: Option<AccountId>,
    /// Not usable from this moment on.
    pub expires_at: Timestamp,
    /// Begun.
    pub created_at: Timestamp,
}

/// An account that a person allowed us to use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundAccount {
    /// Instagram's professional account id.
    pub external_id: String,
    /// The app-scoped id of the same account, when known.
    pub scoped_id: Option<String>,
    /// The linked Facebook Page (Facebook login only).
    pub page_id: Option<String>,
    /// The Page's name.
    pub page_name: Option<String>,
    /// Handle without `@`.
    pub username: String,
    /// When its token runs out.
    pub token_expires_at: Option<Timestamp>,
}

/// What is known about the token of an account, but the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TokenFacts {
    /// The account.
    pub account: AccountId,
    /// When the token was stored; `None` without a token.
    pub set_at: Option<Timestamp>,
    /// When it runs out, when that is known.
    pub expires_at: Option<Timestamp>,
    /// Permissions given; empty when it is not known.
    pub scopes: Vec<String>,
    /// Meta's id of the person (or account) that gave them.
    pub granted_by: Option<String>,
    /// Refreshes that failed in a row.
    pub failures: u32,
    /// When a failed refresh is tried again.
    pub retry_at: Option<Timestamp>,
    /// Why it does not work.
    pub trouble: Option<TokenTrouble>,
    /// What Instagram said when it was last refused or not refreshed.
    pub error: Option<String>,
    /// When webhooks were subscribed; `None` when they are not.
    pub subscribed_at: Option<Timestamp>,
}

/// Client id and secret of an agency's app for Instagram Login, which has a pair of its own at Meta.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppLogin {
    /// The app.
    pub app: AppId,
    /// The Instagram app id.
    pub instagram_app_id: String,
    /// The sealed Instagram app secret.
    pub secret: SealedSecret,
}

/// Somebody asked Meta that we delete what we have of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletionRequest {
    /// The confirmation code they were given.
    pub code: String,
    /// The agency's app through which they asked; `None` is the installation's.
    pub app: Option<AppId>,
    /// Meta's id of them; empty once it is done.
    pub user_id: String,
    /// When they asked.
    pub received_at: Timestamp,
    /// When it was done.
    pub done_at: Option<Timestamp>,
    /// Accounts that were disconnected, with their tokens erased.
    pub accounts: u32,
    /// Tenants in which something of the person was erased.
    pub tenants: u32,
}

/// What happens to attempts, tokens and secrets.
#[derive(Debug, Clone, PartialEq)]
pub enum ConnectChange {
    /// Adds an attempt. Its secret state is given as SHA-256 (hex).
    Begin {
        /// The attempt.
        attempt: Box<ConnectAttempt>,
        /// SHA-256 of its state.
        state_hash: String,
    },
    /// Moves an attempt on. A conflict when it is not in `from` any more: a state is used once.
    Move {
        /// As it is from now on.
        attempt: Box<ConnectAttempt>,
        /// As it must be now.
        from: ConnectStatus,
        /// The sealed tokens of the accounts that were found; `None` forgets them.
        grant: Option<SealedSecret>,
    },
    /// Keeps what a login gave.
    Granted {
        /// The account.
        account: AccountId,
        /// Permissions.
        scopes: Vec<String>,
        /// Who gave them.
        granted_by: Option<String>,
    },
    /// Notes that webhooks are subscribed, or not any more.
    Subscribed {
        /// The account.
        account: AccountId,
        /// Since when.
        at: Option<Timestamp>,
    },
    /// Stores the token that a refresh gave, unless the account has got another one meanwhile.
    Refreshed {
        /// The account.
        account: AccountId,
        /// When the token that was refreshed was stored.
        of: Option<Timestamp>,
        /// The new one.
        token: SealedSecret,
        /// When that runs out.
        expires_at: Option<Timestamp>,
        /// Now.
        at: Timestamp,
    },
    /// Counts a refresh that failed, unless the account has got another token meanwhile.
    RefreshFailed {
        /// The account.
        account: AccountId,
        /// When the token was stored.
        of: Option<Timestamp>,
        /// When to try again.
        retry_at: Option<Timestamp>,
        /// What Instagram said.
        error: String,
    },
    /// Marks an account whose token was refused in a call that began at `since`, raises the tenant's version and the
    /// alert; nothing when it has got another token since.
    TokenRefused {
        /// The account.
        account: AccountId,
        /// Its status from now on.
        status: AccountStatus,
        /// Why.
        trouble: TokenTrouble,
        /// What Instagram said.
        error: String,
        /// When the refused call began.
        since: Timestamp,
        /// The alert.
        alert: Box<NewAlert>,
        /// Now.
        at: Timestamp,
    },
    /// Erases the token of an account and what its login gave.
    ForgetToken(AccountId),
    /// Puts a secret that was sealed with another key in the place of the same one; nothing when it has changed.
    Reseal {
        /// The account.
        account: AccountId,
        /// As it is stored.
        old: SealedSecret,
        /// As it shall be stored.
        new: SealedSecret,
    },
    /// The same for the secret of an app.
    ResealApp {
        /// The app.
        app: AppId,
        /// The secret of its Instagram Login instead.
        of_instagram_login: bool,
        /// As it is stored.
        old: SealedSecret,
        /// As it shall be stored.
        new: SealedSecret,
    },
    /// The same for what a channel to people needs to be reached.
    ResealChannel {
        /// The channel.
        channel: ChannelId,
        /// As it is stored.
        old: SealedSecret,
        /// As it shall be stored.
        new: SealedSecret,
    },
    /// Keeps an agency's client id and secret for Instagram Login.
    PutAppLogin(Box<AppLogin>),
    /// Adds a request to delete data, or notes that it is done (which erases the id of the person).
    PutDeletion(Box<DeletionRequest>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_of_death_is_known_by_its_numbers() {
        use TokenTrouble::{
            AppRemoved, Checkpoint, Expired, Invalidated, PasswordChanged, PermissionMissing, ProofMissing,
            Refused, RoleLost, SessionLost, Unconfirmed, Unreadable,
        };
        let rows = [
            (Some(190), Some(458), AppRemoved),
            (Some(190), Some(459), Checkpoint),
            (Some(190), Some(460), PasswordChanged),
            (Some(190), Some(463), Expired),
            (Some(190), Some(464), Unconfirmed),
            (Some(190), Some(467), Invalidated),
            (Some(190), Some(492), RoleLost),
            (Some(102), Some(460), PasswordChanged),
            (Some(102), None, SessionLost),
            (Some(104), None, ProofMissing),
            (Some(190), None, Refused),
            (Some(190), Some(1), Refused),
            (Some(10), None, PermissionMissing),
            (Some(200), None, PermissionMissing),
            (Some(1), Some(99), PermissionMissing),
            (None, None, Unreadable),
        ];
        for (code, subcode, trouble) in rows {
            assert_eq!(TokenTrouble::of(code, subcode), trouble, "{code:?}/{subcode:?}");
        }
    }

    #[test]
    fn only_what_ran_out_is_expired() {
        for trouble in TokenTrouble::ALL {
            let expected = if *trouble == TokenTrouble::Expired {
                AccountStatus::Expired
            } else {
                AccountStatus::Disconnected
            };
            assert_eq!(trouble.status(), expected);
        }
    }

    #[test]
    fn a_permission_that_was_not_given_is_named_with_what_will_not_work() {
        let granted = ["instagram_business_basic", "instagram_business_manage_comments"].map(str::to_owned);
        let missing = missing_scopes(LoginFlavour::Instagram, &granted);
        let names: Vec<&str> = missing.iter().map(|missing| missing.scope).collect();
        assert_eq!(
            names,
            [
                "instagram_business_content_publish",
                "instagram_business_manage_messages",
                "instagram_business_manage_insights"
            ]
        );
        assert!(missing.iter().all(|missing| !missing.essential));
        assert!(missing_scopes(LoginFlavour::Facebook, &granted).iter().any(|missing| missing.essential));
        assert!(missing_scopes(LoginFlavour::Facebook, &[]).is_empty(), "nothing is known");
    }
}
