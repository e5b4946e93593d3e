//! Reading what Meta signed.

use instagram::webhook::{SignedRequest, SignedRequestError, SignedRequestRefused, Verified};

use utoipa::ToSchema;

use crate::http::problem::{Problem, ProblemKind};
use crate::http::state::AppState;

/// What Meta sends. Named in the description only: the form is read by hand.
#[derive(Debug, ToSchema)]
pub(super) struct SignedForm {
    /// Signature and content, in base64 without padding, with a dot between them.
    #[schema(min_length = 1)]
    #[expect(dead_code, reason = "the description needs its name")]
    signed_request: String,
}

/// The `signed_request` of a form body, if Meta signed it for this app.
pub(super) fn read(
    state: &AppState,
    app: Option<&str>,
    body: &[u8],
) -> Result<(Verified, SignedRequest), Problem> {
    let field = form_urlencoded::parse(body).find(|(name, _)| name == "signed_request");
    let Some((_, text)) = field else {
        let detail = "send a form with the field `signed_request`";
        return Err(Problem::new(ProblemKind::MalformedRequest, detail));
    };
    state.apps.signed_request(app, &text).map_err(|error| {
        let kind = match &error {
            SignedRequestRefused::NotFound => ProblemKind::NotFound,
            SignedRequestRefused::Request(SignedRequestError::Malformed) => ProblemKind::MalformedRequest,
            SignedRequestRefused::Request(SignedRequestError::Wrong) => ProblemKind::Unauthorized,
            SignedRequestRefused::NoSecret { .. } => ProblemKind::Unavailable,
        };
        Problem::new(kind, error.to_string())
    })
}
