//! Templates that new posts can begin with.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tenants::changes::{Change, Changes, Expected};
use tenants::clock::Timestamp;
use tenants::ids::TemplateId;
use tenants::post::{PostTemplate, PostType};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::{TenantAccess, TenantOperate, TenantRead};
use crate::http::api::write;
use crate::http::extract::{IfMatch, JsonBody, Page, PathIds, Versioned, after};
use crate::http::problem::Problem;
use crate::http::schema;
use crate::http::state::AppState;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_templates, create_template))
        .routes(routes!(get_template, put_template, delete_template))
        .routes(routes!(fill_template))
}

/// A template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PostTemplate)]
struct TemplateView {
    #[schema(value_type = schema::Id)]
    id: TemplateId,
    name: String,
    #[schema(value_type = schema::PostType)]
    post_type: PostType,
    /// Caption with `{placeholders}`.
    caption: String,
    /// Added to the end of the caption; without `#`.
    hashtags: Vec<String>,
    first_comment: Option<String>,
    #[schema(value_type = schema::Moment)]
    created_at: Timestamp,
    #[schema(value_type = schema::Moment)]
    updated_at: Timestamp,
}

impl From<PostTemplate> for TemplateView {
    fn from(template: PostTemplate) -> Self {
        let PostTemplate { id, name, post_type, caption, hashtags, first_comment, created_at, updated_at } =
            template;
        Self { id, name, post_type, caption, hashtags, first_comment, created_at, updated_at }
    }
}

/// What a template says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PostTemplateDocument)]
struct TemplateDocument {
    /// What people call it; unique in the tenant, 1 to 200 characters.
    name: String,
    /// What is published.
    #[schema(value_type = schema::PostType)]
    post_type: PostType,
    /// Caption with `{placeholders}`.
    #[serde(default)]
    caption: String,
    /// Added to the end of the caption; without `#`.
    #[serde(default)]
    hashtags: Vec<String>,
    /// First comment with `{placeholders}`.
    #[serde(default)]
    first_comment: Option<String>,
}

impl TemplateDocument {
    fn into_template(
        self,
        id: TemplateId,
        created_at: Timestamp,
        now: Timestamp,
    ) -> Result<PostTemplate, Problem> {
        let length = self.name.trim().chars().count();
        if !(1..=200).contains(&length) {
            return Err(Problem::invalid("name", "must have 1 to 200 characters"));
        }
        if self.hashtags.len() > tenants::post::MAX_HASHTAGS {
            return Err(Problem::invalid("hashtags", "at most 30 are allowed"));
        }
        for (field, text) in
            [("caption", Some(&self.caption)), ("first_comment", self.first_comment.as_ref())]
        {
            if text.is_some_and(|text| text.chars().count() > 5_000) {
                return Err(Problem::invalid(field, "is longer than any post: shorten it"));
            }
        }
        let hashtags = self.hashtags.into_iter().map(|tag| tag.trim().trim_start_matches('#').to_owned());
        Ok(PostTemplate {
            id,
            name: self.name.trim().to_owned(),
            post_type: self.post_type,
            caption: self.caption,
            hashtags: hashtags.filter(|tag| !tag.is_empty()).collect(),
            first_comment: self.first_comment,
            created_at,
            updated_at: now,
        })
    }
}

/// List the templates for posts, by name.
#[utoipa::path(get, path = "/tenants/{tenant}/post-templates", tag = "posts",
    responses((status = 200, body = Page<TemplateView>)))]
async fn list_templates(
    TenantRead(access): TenantRead,
    State(state): State<AppState>,
) -> Result<Json<Page<TemplateView>>, Problem> {
    Ok(Json(Page::whole(state.ports.posts.list_post_templates(&access.tenant.id).await?)))
}

/// Create a template for posts.
#[utoipa::path(post, path = "/tenants/{tenant}/post-templates", tag = "posts", request_body = TemplateDocument,
    responses((status = 201, body = TemplateView)))]
async fn create_template(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<TemplateDocument>,
) -> Result<(StatusCode, Json<TemplateView>), Problem> {
    let now = state.ports.clock.now();
    let template = document.into_template(TemplateId::new(&state.ports.ids), now, now)?;
    put(&state, &access, None, &template, "post_template.created").await?;
    Ok((StatusCode::CREATED, Json(template.into())))
}

#[derive(Debug, Deserialize)]
struct TemplatePath {
    template: TemplateId,
}

async fn find(state: &AppState, access: &TenantAccess, id: &TemplateId) -> Result<PostTemplate, Problem> {
    let template = state.ports.posts.find_post_template(&access.tenant.id, id).await?;
    template.ok_or_else(|| Problem::not_found("template"))
}

/// Read a template for posts. The `ETag` goes into `If-Match` of a change.
#[utoipa::path(get, path = "/tenants/{tenant}/post-templates/{template}", tag = "posts",
    responses((status = 200, body = TemplateView, headers(("ETag" = String)))))]
async fn get_template(
    TenantRead(access): TenantRead,
    PathIds(path): PathIds<TemplatePath>,
    State(state): State<AppState>,
) -> Result<Versioned<TemplateView>, Problem> {
    Ok(versioned(find(&state, &access, &path.template).await?))
}

fn versioned(template: PostTemplate) -> Versioned<TemplateView> {
    Versioned(template.updated_at.as_micros(), template.into())
}

/// Replace a template for posts. With `If-Match` it is refused (412) when the template has changed since it was read.
#[utoipa::path(put, path = "/tenants/{tenant}/post-templates/{template}", tag = "posts",
    request_body = TemplateDocument,
    params(("If-Match" = Option<String>, Header, description = "The `ETag` of the template that was read.")),
    responses((status = 200, body = TemplateView, headers(("ETag" = String)))))]
async fn put_template(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<TemplatePath>,
    version: IfMatch,
    State(state): State<AppState>,
    JsonBody(document): JsonBody<TemplateDocument>,
) -> Result<Versioned<TemplateView>, Problem> {
    let before = find(&state, &access, &path.template).await?;
    version.require(before.updated_at.as_micros())?;
    let changed_at = after(before.updated_at, state.ports.clock.now());
    let template = document.into_template(before.id, before.created_at, changed_at)?;
    let expected = version.expecting(Expected::Template(before.id, before.updated_at));
    let put = put(&state, &access, expected, &template, "post_template.changed").await;
    put.map_err(|problem| version.met_another(problem))?;
    Ok(versioned(template))
}

/// Remove a template for posts.
#[utoipa::path(delete, path = "/tenants/{tenant}/post-templates/{template}", tag = "posts",
    responses((status = 204)))]
async fn delete_template(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<TemplatePath>,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    let template = find(&state, &access, &path.template).await?;
    let about = ("post_template", template.id.to_string());
    let audit =
        access.caller.act(&state).audit("post_template.deleted", about, json!({ "name": template.name }));
    let changes =
        Changes::of_tenant(access.tenant.id).with(Change::DeletePostTemplate(template.id)).with(audit);
    write::commit(&state, changes).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Values for placeholders.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = PostTemplateValues)]
struct Values {
    /// By the name of the placeholder, without braces.
    values: BTreeMap<String, String>,
}

/// A filled template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FilledPostTemplate)]
struct FilledView {
    #[schema(value_type = schema::PostType)]
    post_type: PostType,
    /// The caption with its hashtags.
    caption: String,
    first_comment: Option<String>,
    /// Placeholders that no value was given for.
    missing: Vec<String>,
}

/// Fill a template with values: what a new post can begin with.
#[utoipa::path(post, path = "/tenants/{tenant}/post-templates/{template}/fill", tag = "posts",
    request_body = Values, responses((status = 200, body = FilledView)))]
async fn fill_template(
    TenantOperate(access): TenantOperate,
    PathIds(path): PathIds<TemplatePath>,
    State(state): State<AppState>,
    JsonBody(Values { values }): JsonBody<Values>,
) -> Result<Json<FilledView>, Problem> {
    let template = find(&state, &access, &path.template).await?;
    let mut missing = Vec::new();
    let mut caption = fill(&template.caption, &values, &mut missing);
    let tags: Vec<String> = template.hashtags.iter().map(|tag| format!("#{tag}")).collect();
    if !tags.is_empty() {
        let space = if caption.is_empty() { "" } else { "\n\n" };
        caption = format!("{caption}{space}{}", tags.join(" "));
    }
    let first_comment = template.first_comment.as_deref().map(|text| fill(text, &values, &mut missing));
    missing.sort();
    missing.dedup();
    Ok(Json(FilledView { post_type: template.post_type, caption, first_comment, missing }))
}

/// Puts values in the place of `{names}`, once: a value is never looked at for placeholders.
fn fill(text: &str, values: &BTreeMap<String, String>, missing: &mut Vec<String>) -> String {
    let (mut filled, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(begin) = rest.find('{') {
        let (before, from) = rest.split_at(begin);
        filled.push_str(before);
        let name = from[1..].split_once('}').map(|(name, _)| name).filter(|name| is_name(name));
        match name {
            Some(name) => {
                match values.get(name) {
                    Some(value) => filled.push_str(value),
                    None => {
                        missing.push(name.to_owned());
                        filled.push_str(&from[..name.len() + 2]);
                    }
                }
                rest = &from[name.len() + 2..];
            }
            None => {
                filled.push('{');
                rest = &from[1..];
            }
        }
    }
    filled.push_str(rest);
    filled
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 60 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

async fn put(
    state: &AppState,
    access: &TenantAccess,
    expected: Option<Change>,
    template: &PostTemplate,
    event_type: &str,
) -> Result<(), Problem> {
    let about = ("post_template", template.id.to_string());
    let audit = access.caller.act(state).audit(event_type, about, json!({ "name": template.name }));
    let changes = Changes::of_tenant(access.tenant.id)
        .with_all(expected)
        .with(Change::PutPostTemplate(Box::new(template.clone())))
        .with(audit);
    write::commit(state, changes).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_once_and_missing_ones_are_named() {
        let values = BTreeMap::from([("name".to_owned(), "{price}".to_owned())]);
        let mut missing = Vec::new();
        assert_eq!(fill("{name} for {price} {", &values, &mut missing), "{price} for {price} {");
        assert_eq!(missing, ["price"]);
    }
}
