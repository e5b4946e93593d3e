//! Captions and hashtags that a model, or the built-in provider, suggests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use llm::{Behalf, CaptionRequest, Formality, LlmError, Voice};
use serde::{Deserialize, Serialize};
use tenants::intent::Language;
use tenants::settings::local_day;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::access::TenantOperate;
use crate::http::extract::JsonBody;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::schema;
use crate::http::state::AppState;

/// Longest topic in characters.
const MAX_TOPIC: usize = 2_000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(suggest_captions))
}

/// What a post is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CaptionTopic)]
struct Topic {
    /// In some words, at most 2,000 characters.
    topic: String,
    /// The language to write in; the tenant's first when left out.
    #[serde(default)]
    #[schema(value_type = Option<schema::Language>)]
    language: Option<Language>,
}

/// Suggestions to choose from.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CaptionSuggestions)]
struct SuggestionsView {
    /// Captions without hashtags.
    captions: Vec<String>,
    /// Hashtags without `#`.
    hashtags: Vec<String>,
    /// Who wrote them; `offline` is the built-in provider, which puts the topic into a frame and invents nothing.
    provider: String,
    /// Its model.
    model: String,
    /// What it cost, in millionths of a US dollar.
    cost_micro_usd: i64,
    /// Why a lesser model answered, when one did.
    degraded: Option<String>,
}

/// Suggest captions and hashtags in the brand's voice. Paid from the tenant's budget when a model is asked.
#[utoipa::path(post, path = "/tenants/{tenant}/posts/captions", tag = "posts", request_body = Topic,
    responses((status = 200, body = SuggestionsView)))]
async fn suggest_captions(
    TenantOperate(access): TenantOperate,
    State(state): State<AppState>,
    JsonBody(topic): JsonBody<Topic>,
) -> Result<Json<SuggestionsView>, Problem> {
    let length = topic.topic.trim().chars().count();
    if !(1..=MAX_TOPIC).contains(&length) {
        return Err(Problem::invalid("topic", "must have 1 to 2,000 characters"));
    }
    let day = local_day(state.ports.clock.now(), chrono_tz::UTC);
    let context = state.ports.store.load_context(&access.tenant.id, &day).await?;
    let context = context.ok_or_else(|| Problem::not_found("tenant"))?;
    let brand = &context.settings.voice;
    let name = if brand.brand_name.is_empty() { &context.tenant.name } else { &brand.brand_name };
    let voice = Voice {
        brand: name.clone(),
        languages: context.settings.languages.clone(),
        formality: if brand.formal { Formality::Formal } else { Formality::Casual },
        emoji: brand.emoji,
        forbidden_words: context.settings.blocked_words.clone(),
        ..Voice::default()
    };
    let behalf = Behalf {
        budget: context.budget(),
        prompts: context.prompts.clone(),
        tuning: context.tuning.clone(),
        event: None,
        conversation: String::new(),
    };
    let first = context.settings.languages.first().copied();
    let request = CaptionRequest {
        topic: topic.topic,
        language: topic.language.or(first).unwrap_or(Language::English),
        voice: Arc::new(voice),
        facts: brand.facts.clone(),
        behalf: Arc::new(behalf),
    };
    let answer = state.ports.llm.captions(request).await.map_err(unavailable)?;
    Ok(Json(SuggestionsView {
        captions: answer.value.captions,
        hashtags: answer.value.hashtags,
        provider: answer.provider,
        model: answer.model,
        cost_micro_usd: answer.cost_micro_usd,
        degraded: answer.degraded,
    }))
}

fn unavailable(error: LlmError) -> Problem {
    Problem::new(ProblemKind::Unavailable, error.to_string()).retry_after(10)
}
