//! Who is what in an agency.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use tenants::access::UserRole;
use tenants::clock::Timestamp;
use tenants::ids::{TenantId, UserId};
use tenants::user::{Grant, TokenKind, User, UserStatus};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::prompts::require_own_tenant;
use super::write;
use crate::http::access::{AgencyAccess, AgencyManage};
use crate::http::extract::{JsonBody, Page, PathIds};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;
use crate::people::{GrantError, NewMember, checked_email, member_grants, require_above};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_users))
        .routes(routes!(invite_user))
        .routes(routes!(change_user, remove_user))
        .routes(routes!(link_password_reset))
}

/// Somebody who is something in the agency.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
struct UserView {
    #[schema(value_type = schema::Id)]
    id: UserId,
    email: String,
    /// Empty until the invitation is accepted.
    name: String,
    #[schema(value_type = schema::UserStatus)]
    status: UserStatus,
    /// The highest role they have in the agency.
    #[schema(value_type = schema::UserRole)]
    role: UserRole,
    /// The tenants they have it for; `null` for all of the agency.
    #[schema(value_type = Option<Vec<schema::Id>>)]
    tenants: Option<Vec<TenantId>>,
    #[schema(value_type = Option<schema::Moment>)]
    last_sign_in_at: Option<Timestamp>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
}

impl UserView {
    fn new(user: User, grants: &[Grant]) -> Self {
        let role = grants.iter().map(|grant| grant.role).max().unwrap_or(UserRole::Client);
        let tenants = grants.iter().map(|grant| grant.tenant).collect();
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            status: user.status,
            role,
            tenants,
            last_sign_in_at: user.last_sign_in_at,
            created_at: user.created_at,
        }
    }
}

/// List the people of an agency and of its tenants, by their e-mail addresses.
#[utoipa::path(get, path = "/agencies/{agency}/users", tag = "users", responses((status = 200, body = Page<UserView>)))]
async fn list_users(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
) -> Result<Json<Page<UserView>>, Problem> {
    let users = state.people.users().list_users(&access.agency.id).await?;
    let items = users.into_iter().map(|(user, grants)| UserView::new(user, &grants)).collect();
    Ok(Json(Page { items, next_cursor: None }))
}

/// What somebody shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MemberChange {
    /// The role.
    #[schema(value_type = schema::UserRole)]
    role: UserRole,
    /// For these tenants; for the agency with all its tenants when left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Id>>)]
    tenants: Option<Vec<TenantId>>,
}

impl MemberChange {
    async fn grants(self, state: &AppState, access: &AgencyAccess) -> Result<Vec<Grant>, Problem> {
        for tenant in self.tenants.iter().flatten() {
            require_own_tenant(state, &access.agency.id, Some(*tenant)).await?;
        }
        let member = NewMember { role: self.role, tenants: self.tenants };
        let grants = member_grants(access.agency.id, &member)?;
        require_above(access.role, &grants)?;
        Ok(grants)
    }
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewInvitation {
    /// Their e-mail address.
    email: String,
    /// The role.
    #[schema(value_type = schema::UserRole)]
    role: UserRole,
    /// For these tenants; for the agency with all its tenants when left out.
    #[serde(default)]
    #[schema(value_type = Option<Vec<schema::Id>>)]
    tenants: Option<Vec<TenantId>>,
}

/// Somebody who was invited.
#[derive(Serialize, ToSchema)]
struct Invited {
    /// Who.
    user: UserView,
    /// The link with which the invitation is accepted, shown this once; `null` when they have a password already, and
    /// simply sign in.
    url: Option<String>,
    /// It works until then.
    #[schema(value_type = Option<schema::Moment>)]
    expires_at: Option<Timestamp>,
    /// It was sent by mail.
    mailed: bool,
}

/// Invite somebody. Who is in the agency already is answered with 409: change them instead.
#[utoipa::path(post, path = "/agencies/{agency}/invitations", tag = "users", request_body = NewInvitation,
    responses((status = 201, body = Invited)))]
async fn invite_user(
    AgencyManage(access): AgencyManage,
    State(state): State<AppState>,
    JsonBody(new): JsonBody<NewInvitation>,
) -> Result<(StatusCode, Json<Invited>), Problem> {
    let email = checked_email(&new.email)?;
    let grants = MemberChange { role: new.role, tenants: new.tenants }.grants(&state, &access).await?;
    let known = state.people.users().find_credentials(&email).await?.map(|found| found.user);
    if let Some(known) = &known {
        let theirs = state.people.users().grants_of(&known.id).await?;
        if theirs.iter().any(|grant| grant.agency == access.agency.id) {
            let detail = format!("{email} is in the agency already: change what they are instead");
            return Err(Problem::conflict(detail).with("user", known.id.to_string()));
        }
    }
    let act = access.caller.act(&state);
    // Who has a user already, in whichever agency, must never get a link that others could use in their place.
    let is_new = known.is_none();
    let (user, mut changes) = act.invite(access.agency.id, email.clone(), known, grants.clone());
    let link = is_new.then(|| state.people.links().make(TokenKind::Invitation, Some(user.id)));
    let link = link.map(|(link, change)| {
        changes.push(change);
        link
    });
    write::commit(&state, changes).await?;
    let mailed = match &link {
        Some(link) => state.people.mail_invitation(&email, &access.agency.name, link).await,
        None => false,
    };
    let invited = Invited {
        user: UserView::new(user, &grants),
        expires_at: link.as_ref().map(|link| link.expires_at),
        url: link.map(|link| link.url.expose_secret().to_owned()),
        mailed,
    };
    Ok((StatusCode::CREATED, Json(invited)))
}

#[derive(Debug, Deserialize)]
struct UserPath {
    user: UserId,
}

/// Somebody of the agency, whom the caller may touch.
async fn member(
    state: &AppState,
    access: &AgencyAccess,
    user: &UserId,
) -> Result<(User, Vec<Grant>), Problem> {
    let unknown = || Problem::not_found("user of the agency");
    let grants = state.people.users().grants_of(user).await?;
    let (own, others): (Vec<Grant>, Vec<Grant>) =
        grants.into_iter().partition(|grant| grant.agency == access.agency.id);
    if own.is_empty() {
        return Err(unknown());
    }
    require_above(access.role, &own)?;
    let user = state.people.users().find_user(user).await?.ok_or_else(unknown)?;
    Ok((user, others))
}

/// Make somebody something else in the agency. The last owner stays one.
#[utoipa::path(patch, path = "/agencies/{agency}/users/{user}", tag = "users", request_body = MemberChange,
    responses((status = 200, body = UserView)))]
async fn change_user(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<UserPath>,
    State(state): State<AppState>,
    JsonBody(change): JsonBody<MemberChange>,
) -> Result<Json<UserView>, Problem> {
    let (user, _) = member(&state, &access, &path.user).await?;
    let grants = change.grants(&state, &access).await?;
    let act = access.caller.act(&state);
    write::commit(&state, act.change_member(access.agency.id, &user, grants.clone())).await?;
    Ok(Json(UserView::new(user, &grants)))
}

/// Remove somebody from the agency; their sessions end. The last owner stays.
#[utoipa::path(delete, path = "/agencies/{agency}/users/{user}", tag = "users", responses((status = 204)))]
async fn remove_user(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<UserPath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let (user, _) = member(&state, &access, &path.user).await?;
    write::commit(&state, access.caller.act(&state).remove_member(access.agency.id, &user)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A link that was made for somebody.
#[derive(Serialize, ToSchema)]
struct UserLink {
    /// The link, shown this once. Whoever has it acts as that user.
    url: String,
    /// It works until then.
    #[schema(value_type = schema::Moment)]
    expires_at: Timestamp,
}

/// Make a link with which somebody chooses another password, or accepts their invitation if they have not yet. For people
/// of this agency alone: who is in another one too asks for a link by mail.
#[utoipa::path(post, path = "/agencies/{agency}/users/{user}/link", tag = "users",
    responses((status = 201, body = UserLink)))]
async fn link_password_reset(
    AgencyManage(access): AgencyManage,
    PathIds(path): PathIds<UserPath>,
    State(state): State<AppState>,
) -> Result<(StatusCode, Json<UserLink>), Problem> {
    let (user, others) = member(&state, &access, &path.user).await?;
    if !others.is_empty() {
        let detail = "they are in another agency too: they ask for a link themselves, where they sign in";
        return Err(Problem::conflict(detail));
    }
    let kind = match user.status {
        UserStatus::Invited => TokenKind::Invitation,
        UserStatus::Active | UserStatus::Disabled => TokenKind::PasswordReset,
    };
    let (link, change) = state.people.links().make(kind, Some(user.id));
    let changes = access.caller.act(&state).link_made(access.agency.id, &user, change);
    write::commit(&state, changes).await?;
    let shown = UserLink { url: link.url.expose_secret().to_owned(), expires_at: link.expires_at };
    Ok((StatusCode::CREATED, Json(shown)))
}

impl From<GrantError> for Problem {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::TooSmall(..) => Self::new(ProblemKind::Forbidden, error.to_string()),
            GrantError::WrongPlace(problem) => Self::invalid("tenants", problem),
        }
    }
}
