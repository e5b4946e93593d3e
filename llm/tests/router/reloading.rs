//! Another catalogue while the program runs.

use std::sync::Arc;

use tenants::models::Task;
use troupe_llm::Catalogue;
use troupe_llm::catalogue::{CatalogueError, ProviderEntry};
use troupe_llm::provider::{Provider, ProviderSource};
use troupe_llm::testing::{Gate, Turn, saying};

use crate::stage::{Stage, catalogue};

#[tokio::test]
async fn other_models_are_asked_from_the_next_request_on() {
    let stage = Stage::new();
    let gate = Gate::default();
    stage.provider.on("small", [Turn::Behind(gate.clone(), Box::new(saying("old", 1, 1)))]);
    stage.provider.on("new", [saying("new", 1, 1)]);
    let (router, request) = (stage.router.clone(), stage.request(Task::Caption, "hi"));
    let under_way = stage.tasks.spawn("request", async move { router.complete(request).await });
    stage.provider.was_asked(1).await;

    stage.router.reload(catalogue("tasks.caption.models = ['near/new']"), &stage.provider).unwrap();

    assert_eq!(stage.caption("hi").await.unwrap().text, "new");
    gate.open();
    assert_eq!(stage.run(under_way).await.unwrap().unwrap().text, "old");
    let names: Vec<_> = stage.router.breakers().into_iter().map(|breaker| breaker.name).collect();
    assert_eq!(names, ["far/large", "near/new", "near/small", "near/vectors"]);
}

/// Has a key that no header can carry.
struct BadKey;

impl ProviderSource for BadKey {
    fn provider(
        &self,
        name: &str,
        _entry: &ProviderEntry,
    ) -> Result<Option<Arc<dyn Provider>>, CatalogueError> {
        Err(CatalogueError::UnusableKey(name.to_owned()))
    }
}

#[tokio::test]
async fn a_catalogue_that_makes_no_sense_changes_nothing() {
    let stage = Stage::new();
    stage.provider.on("small", [saying("as ever", 1, 1)]);
    assert!(Catalogue::with_overrides("tasks.caption.models = []").is_err());
    let replaced = stage.router.reload(catalogue("tasks.caption.models = ['near/new']"), &BadKey);
    assert!(replaced.is_err());
    assert_eq!(stage.caption("hi").await.unwrap().text, "as ever");
}
