//! The Graph API's errors, each with the texts, codes and HTTP status seen in the wild.

use axum::http::Method;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::control::requests::{Login, TokenDeath};

/// One refusal. The HTTP status says little; clients decide by code and subcode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GraphError {
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    pub(crate) code: i64,
    pub(crate) subcode: Option<u32>,
    pub(crate) message: String,
    pub(crate) transient: Option<bool>,
    pub(crate) user_text: Option<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `OAuthException` on either host.
    OAuth,
    /// `OAuthException` on the Facebook host, `IGApiException` on the Instagram host.
    Api,
    /// `GraphMethodException`.
    Method,
    /// The envelope of the code exchange of Instagram Login, which is unlike all others.
    Login,
}

impl GraphError {
    pub(crate) fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: Kind::Api,
            code,
            subcode: None,
            message: message.into(),
            transient: None,
            user_text: None,
        }
    }

    pub(crate) fn subcode(mut self, subcode: u32) -> Self {
        self.subcode = Some(subcode);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn transient(mut self) -> Self {
        self.transient = Some(true);
        self
    }

    fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    fn oauth(self) -> Self {
        self.kind(Kind::OAuth)
    }

    fn explained(mut self, title: &'static str, text: impl Into<String>) -> Self {
        self.user_text = Some((title, text.into()));
        self
    }

    /// The error body as sent.
    pub(crate) fn body(&self, login: Login, trace: &str) -> Value {
        if self.kind == Kind::Login && login == Login::Instagram {
            return json!({"error_type": "OAuthException", "code": 400, "error_message": self.message});
        }
        let mut error = Map::new();
        error.insert("message".into(), json!(self.message));
        error.insert("type".into(), json!(self.type_name(login)));
        error.insert("code".into(), json!(self.code));
        if let Some(subcode) = self.subcode {
            error.insert("error_subcode".into(), json!(subcode));
        }
        if let Some(transient) = self.transient {
            error.insert("is_transient".into(), json!(transient));
        }
        if let Some((title, text)) = &self.user_text {
            error.insert("error_user_title".into(), json!(title));
            error.insert("error_user_msg".into(), json!(text));
        }
        error.insert("fbtrace_id".into(), json!(trace));
        json!({ "error": error })
    }

    fn type_name(&self, login: Login) -> &'static str {
        match (self.kind, login) {
            (Kind::Method, _) => "GraphMethodException",
            (Kind::Api, Login::Instagram) => "IGApiException",
            (Kind::Api, Login::Facebook) | (Kind::OAuth | Kind::Login, _) => "OAuthException",
        }
    }

    /// The value of `WWW-Authenticate`.
    pub(crate) fn challenge(&self) -> String {
        let reason = if self.code == 190 { "invalid_token" } else { "invalid_request" };
        let message: String = self
            .message
            .chars()
            .filter(|character| character.is_ascii() && !character.is_control())
            .collect();
        format!(r#"OAuth "Facebook Platform" "{reason}" "{}""#, message.replace('"', "'"))
    }
}

// Paths, objects and parameters.
impl GraphError {
    pub(crate) fn unknown_object(method: &Method, id: &str) -> Self {
        let method = method.as_str().to_ascii_lowercase();
        Self {
            kind: Kind::Method,
            ..Self::new(
                100,
                format!(
                    "Unsupported {method} request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"
                ),
            )
        }
        .subcode(33)
    }

    pub(crate) fn unknown_path(path: &str) -> Self {
        Self::new(2500, format!("Unknown path components: /{path}")).oauth().status(500)
    }

    pub(crate) fn unsupported_method(method: &Method) -> Self {
        let method = method.as_str().to_ascii_lowercase();
        Self::new(100, format!("Unsupported request - method type: {method}"))
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::new(100, format!("(#100) The parameter {name} is required."))
    }

    pub(crate) fn invalid_parameter(text: impl std::fmt::Display) -> Self {
        Self::new(100, format!("(#100) {text}"))
    }

    pub(crate) fn nonexisting_field(field: &str, node: &str, login: Login) -> Self {
        match login {
            Login::Instagram => Self::new(100, format!("Tried accessing nonexisting field ({field})")),
            Login::Facebook => Self::new(
                100,
                format!("(#100) Tried accessing nonexisting field ({field}) on node type ({node})"),
            ),
        }
    }

    pub(crate) fn malformed_fields(text: &str) -> Self {
        Self::new(2500, format!("Syntax error \"{text}\" in the fields parameter")).oauth()
    }
}

// Logins.
impl GraphError {
    fn login(code: i64, message: &str) -> Self {
        Self { kind: Kind::Login, ..Self::new(code, message) }
    }

    pub(crate) fn unknown_code() -> Self {
        Self::login(100, "Matching code was not found or was already used")
    }

    pub(crate) fn wrong_redirect() -> Self {
        Self::login(
            100,
            "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
        )
    }

    pub(crate) fn unknown_platform_app() -> Self {
        Self::login(101, "Invalid platform app")
    }

    pub(crate) fn wrong_client_secret() -> Self {
        Self::login(1, "Error validating client secret.")
    }

    pub(crate) fn missing_login_field(name: &str) -> Self {
        Self::login(100, &format!("Missing required field {name}"))
    }
}

// Tokens and permissions.
impl GraphError {
    pub(crate) fn missing_token() -> Self {
        Self::new(104, "An access token is required to request this resource.").oauth()
    }

    pub(crate) fn no_user_for_me() -> Self {
        Self::new(2500, "An active access token must be used to query information about the current user.")
            .oauth()
    }

    pub(crate) fn malformed_token() -> Self {
        Self::new(190, "Invalid OAuth access token - Cannot parse access token").oauth()
    }

    pub(crate) fn dead_token(death: TokenDeath, since: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        let date = |time: DateTime<Utc>| time.format("%A, %d-%b-%y %H:%M:%S UTC").to_string();
        let reason = match death {
            TokenDeath::AppRemoved => "The user has not authorized application.".to_owned(),
            TokenDeath::Checkpoint => "You cannot access the app till you log in to www.instagram.com and follow the instructions given.".to_owned(),
            TokenDeath::PasswordChanged => "The session has been invalidated because the user changed their password or Facebook has changed the session for security reasons.".to_owned(),
            TokenDeath::Expired => format!("Session has expired on {}. The current time is {}.", date(since), date(now)),
            TokenDeath::Unconfirmed => "Sessions for the user are not allowed because the user is not a confirmed user.".to_owned(),
            TokenDeath::Invalidated => "The session is invalid because the user logged out.".to_owned(),
            TokenDeath::RoleLost => "User is no longer able to act on the linked Page.".to_owned(),
        };
        Self::new(190, format!("Error validating access token: {reason}")).subcode(death.subcode()).oauth()
    }

    pub(crate) fn wrong_secret_proof() -> Self {
        Self::new(100, "Invalid appsecret_proof provided in the API argument").kind(Kind::Method)
    }

    pub(crate) fn too_young_to_refresh() -> Self {
        Self::new(100, "Invalid parameter: the token must be at least 24 hours old to be refreshed")
    }

    pub(crate) fn permission(code: i64) -> Self {
        Self::new(code, format!("(#{code}) Application does not have permission for this action"))
            .oauth()
            .status(403)
    }

    pub(crate) fn consent_required() -> Self {
        Self::new(230, "(#230) User consent is required to access user profile").oauth().status(403)
    }

    pub(crate) fn no_matching_person() -> Self {
        Self::new(9010, "(#9010) No matching Instagram user").oauth()
    }
}

// Messaging and comments.
impl GraphError {
    pub(crate) fn no_matching_recipient() -> Self {
        Self::new(100, "No matching user found").subcode(2_534_014)
    }

    pub(crate) fn window_closed() -> Self {
        Self::new(10, "This message is sent outside of allowed window.").subcode(2_534_022).status(403)
    }

    pub(crate) fn human_agent_refused() -> Self {
        Self::new(
            10,
            "(#10) To use the Human Agent tag, your app must be approved for the Human Agent feature.",
        )
        .status(403)
    }

    pub(crate) fn invalid_message(text: impl std::fmt::Display) -> Self {
        Self::invalid_parameter(text).subcode(2_534_015)
    }

    pub(crate) fn already_replied_privately() -> Self {
        let text = "The comment you are trying to reply to, already has a reply.";
        Self::new(100, "Invalid parameter").subcode(2_534_023).explained("Comment already has a reply", text)
    }

    pub(crate) fn comment_unfit_for_private_reply() -> Self {
        Self::new(100, "Invalid parameter").subcode(2_534_025).explained(
            "Invalid comment",
            "The comment is invalid for a private reply: it is older than 7 days, deleted or not on your media.",
        )
    }

    pub(crate) fn template_to_non_follower() -> Self {
        Self::new(2, "You can't send media to this person unless they follow you.").subcode(1_545_133)
    }

    pub(crate) fn message_access_off() -> Self {
        Self::new(200, "(#200) The account owner has disabled access to instagram direct messages.")
            .subcode(2_534_041)
            .status(403)
    }

    pub(crate) fn person_unavailable() -> Self {
        Self::new(551, "(#551) This person isn't available right now.").subcode(1_545_041)
    }

    pub(crate) fn unknown_attachment() -> Self {
        Self::invalid_parameter("Invalid attachment id").subcode(2_018_074)
    }

    pub(crate) fn message_gone() -> Self {
        Self::new(9_000_001, "The message was deleted or is too old to be read.")
    }

    pub(crate) fn comment_closed(text: &str) -> Self {
        Self::new(100, "Invalid parameter").explained("Cannot comment", text)
    }

    pub(crate) fn media_not_deletable() -> Self {
        Self::new(-1, "Media Type Not Supported").subcode(2_207_073)
    }
}

// Limits and outages.
impl GraphError {
    /// A limit code with its text: 4, 17, 32, 613, 80002, 80006 or another.
    pub(crate) fn limit(code: i64) -> Self {
        let message = match code {
            4 => "(#4) Application request limit reached".to_owned(),
            17 => "(#17) User request limit reached".to_owned(),
            32 => "(#32) Page request limit reached".to_owned(),
            613 => "(#613) Calls to this api have exceeded the rate limit.".to_owned(),
            80_002 | 80_006 => format!(
                "(#{code}) There have been too many calls to this Instagram account. Wait a bit and try again. For more info, please refer to https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
            ),
            other => format!("(#{other}) Too many calls"),
        };
        let error = Self::new(code, message).oauth();
        // Code 4 was observed as 403 with `is_transient`.
        if code == 4 { error.status(403).transient() } else { error }
    }

    pub(crate) fn messaging_rate() -> Self {
        Self::limit(613).subcode(2_534_040)
    }

    pub(crate) fn unknown_failure(status: u16) -> Self {
        Self::new(1, "An unknown error has occurred.").oauth().status(status)
    }

    pub(crate) fn service_unavailable(status: u16, code: i64) -> Self {
        let message = match code {
            -1 => "Unknown Error".to_owned(),
            1 => "An unknown error has occurred.".to_owned(),
            2 => "An unexpected error has occurred. Please retry your request later.".to_owned(),
            368 => "The action attempted has been deemed abusive or is otherwise disallowed".to_owned(),
            other => {
                format!("(#{other}) The request could not be completed. Please retry your request later.")
            }
        };
        Self::new(code, message).oauth().status(status).transient()
    }
}

// Publishing.
impl GraphError {
    /// A refusal with these numbers, whatever they mean.
    pub(crate) fn refusal(code: i64, subcode: Option<u32>, status: u16) -> Self {
        if (code, subcode) == (100, Some(33)) {
            return Self::unknown_object(&Method::GET, "this");
        }
        let error = Self::new(code, format!("(#{code}) The request was refused.")).oauth().status(status);
        subcode.map_or(error.clone(), |subcode| error.subcode(subcode))
    }

    pub(crate) fn container_missing() -> Self {
        Self::new(24, "The requested resource does not exist").oauth().subcode(2_207_008).explained(
            "Media ID is not available",
            "The media builder with this creation id does not exist or has expired.",
        )
    }

    pub(crate) fn media_not_ready() -> Self {
        Self::new(9_007, "Media ID is not available").oauth().subcode(2_207_027).explained(
            "The media is not ready to be published",
            "The media is not ready for publishing, please wait for a moment.",
        )
    }

    pub(crate) fn publishing_limit() -> Self {
        Self::new(9, "Application request limit reached").oauth().subcode(2_207_042)
    }

    pub(crate) fn file_not_fetched() -> Self {
        Self::new(9_004, "Only photo or video can be accepted as media type.")
            .oauth()
            .subcode(2_207_052)
            .explained("Media download has failed", "The media could not be fetched from this URI.")
    }

    pub(crate) fn image_too_large() -> Self {
        Self::new(36_000, "(#36000) The image is too large to download. It should be less than 8 MiB.")
            .oauth()
            .subcode(2_207_004)
    }

    pub(crate) fn image_format() -> Self {
        Self::new(36_001, "(#36001) The image format is not supported.").oauth().subcode(2_207_005)
    }

    pub(crate) fn caption_too_long() -> Self {
        Self::new(36_004, "(#36004) The caption is too long.").oauth().subcode(2_207_010)
    }

    pub(crate) fn too_many_mentions() -> Self {
        Self::invalid_parameter("Too many mentions").subcode(2_207_040)
    }

    pub(crate) fn unknown_media_type() -> Self {
        Self::invalid_parameter("Unknown media type").subcode(2_207_023)
    }

    pub(crate) fn carousel_size() -> Self {
        Self::invalid_parameter("A carousel must have 2 to 10 children").subcode(2_207_028)
    }
}
