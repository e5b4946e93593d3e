//! Posts of programs outside: published at once, and read by the guards, as their answers are.

use actors::decide::{SendRefused, check_post_words};
use tenants::ids::PostId;
use tenants::post::Post;

use super::{PostDocument, commit, find, refuse_duplicates, unlike_others};
use crate::http::access::TenantAccess;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::posts::{NewPost, PostSources};

/// Creates a post under this id that is published as soon as it may be, when its words pass the guards.
pub(in crate::http::api) async fn publish_as(
    state: &AppState,
    access: &TenantAccess,
    id: PostId,
    document: PostDocument,
) -> Result<Post, Problem> {
    let allows_duplicates = document.allows_duplicates();
    let mut new = document.into_new(state, access).await?;
    if new.scheduled_at.is_some() || new.recurrence.is_some() {
        let detail =
            "leave it out: this publishes now; create a post to publish it later, or again and again";
        return Err(Problem::invalid("scheduled_at", detail));
    }
    pass_guards(state, access, &new).await?;
    let looked = PostSources::of(&state.ports).look_at(&access.tenant.id, &new.draft, None).await?;
    refuse_duplicates(&looked, allows_duplicates)?;
    let settings = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    let act = access.caller.act(state);
    new.scheduled_at = Some(act.at);
    let edited = act.create_post_as(id, &access.tenant, settings.post_approval, new, &looked)?;
    commit(state, access, unlike_others(edited.changes, &looked, allows_duplicates)).await?;
    find(state, access, &id).await
}

/// Nobody may have read the words but the program that sends them.
async fn pass_guards(state: &AppState, access: &TenantAccess, new: &NewPost) -> Result<(), Problem> {
    let accounts = state.ports.store.list_accounts(&access.tenant.id).await?;
    let account = accounts.iter().find(|account| account.id == new.account);
    let account = account.ok_or_else(|| Problem::not_found("account"))?;
    let settings = state.ports.store.find_settings(&access.tenant.id).await?.unwrap_or_default();
    let options = &new.draft.options;
    let tagged = options.user_tags.iter().map(|tag| &tag.username);
    let named: Vec<&str> = options.collaborators.iter().chain(tagged).map(String::as_str).collect();
    let words = [("caption", Some(&new.draft.caption)), ("first_comment", new.draft.first_comment.as_ref())];
    for (field, text) in words {
        // A picture may speak for itself.
        let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
        let refused = |refused: SendRefused| Problem::from(refused).with("field", field);
        check_post_words(text, &named, &settings, account).map_err(refused)?;
    }
    Ok(())
}
