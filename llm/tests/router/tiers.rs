//! The larger models of a task: for what the ordinary ones are unsure about.

use tenants::models::Task;
use troupe_llm::request::CacheScope;
use troupe_llm::testing::saying;
use troupe_llm::{LlmError, Request, Tier};

use crate::stage::{Stage, catalogue};

const WITH_LARGER: &str =
    "tasks.classify.models = ['near/small']\ntasks.classify.larger = ['near/huge', 'far/large']";

fn classify(stage: &Stage, tier: Tier) -> Request {
    Request { tier, ..stage.request(Task::Classify, "great, another delay") }
}

#[tokio::test]
async fn a_request_asks_the_ordinary_models_unless_it_wants_the_larger_ones() {
    let stage = Stage::with(WITH_LARGER);
    for model in ["small", "huge"] {
        stage.provider.on(model, [saying(model, 10, 5)]);
    }
    for (tier, expected) in [(Tier::First, "small"), (Tier::Larger, "huge")] {
        let reply = stage.run(stage.router.complete(classify(&stage, tier))).await.unwrap();
        assert_eq!((reply.text.as_str(), reply.origin.model.as_str()), (expected, expected));
    }
    let unnamed = stage.request(Task::Classify, "great");
    assert_eq!(unnamed.tier, Tier::First);
}

#[tokio::test]
async fn the_larger_models_fall_back_among_themselves_and_never_to_the_ordinary_ones() {
    let stage = Stage::with(WITH_LARGER);
    stage.provider.on("small", [saying("small", 10, 5)]);
    stage.provider.on("large", [saying("large", 10, 5)]);

    let reply = stage.run(stage.router.complete(classify(&stage, Tier::Larger))).await.unwrap();

    assert_eq!(reply.origin.fallback_reasons, ["near/huge: unknown_model"]);
    assert_eq!(stage.asked(), ["huge", "large"]);
}

#[tokio::test]
async fn an_answer_in_pieces_comes_from_the_wanted_tier_too() {
    let stage = Stage::with(WITH_LARGER);
    stage.provider.on("huge", [saying("huge", 10, 5)]);
    stage.run(stage.router.stream(classify(&stage, Tier::Larger))).await.unwrap();
    assert_eq!(stage.asked(), ["huge"]);
}

#[tokio::test]
async fn an_answer_of_one_tier_is_not_given_to_the_other_from_the_cache() {
    let stage = Stage::with(WITH_LARGER);
    for model in ["small", "huge"] {
        stage.provider.on(model, [saying(model, 10, 5)]);
    }
    for tier in [Tier::First, Tier::Larger, Tier::Larger] {
        let request = Request { cache: CacheScope::Tenant, ..classify(&stage, tier) };
        stage.run(stage.router.complete(request)).await.unwrap();
    }
    assert_eq!(stage.asked(), ["small", "huge"]);
}

#[tokio::test]
async fn a_task_without_larger_models_says_so_and_a_reload_brings_them() {
    let stage = Stage::new();
    assert!(!stage.router.has_larger(Task::Classify));
    let refused = stage.run(stage.router.complete(classify(&stage, Tier::Larger))).await;
    assert!(matches!(refused, Err(LlmError::Unavailable { .. })), "{refused:?}");

    stage.router.reload(catalogue(WITH_LARGER), &stage.provider).unwrap();
    assert!(stage.router.has_larger(Task::Classify) && !stage.router.has_larger(Task::Plan));
    assert!(stage.router.breakers().iter().any(|breaker| breaker.name == "near/huge"));

    for provider in ["near", "far"] {
        stage.provider.without_key(provider);
    }
    stage.router.reload(catalogue(WITH_LARGER), &stage.provider).unwrap();
    assert!(!stage.router.has_larger(Task::Classify));
}
