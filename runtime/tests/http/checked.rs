//! Properties about a node: cases are drawn, run one after the other on one runtime, and kept when they fail.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Runtime;

use crate::rig::Reply;

/// Holds `property` against drawn values; `file` names where failing ones are kept. `share` is how many cases are run of those that `PROPTEST_CASES` asks
/// for (256 when it asks for none).
pub fn check<S>(
    runtime: &Runtime,
    file: &'static str,
    share: f32,
    strategy: &S,
    property: impl AsyncFn(S::Value),
) where
    S: Strategy,
    S::Value: Debug,
{
    let all = Config::default();
    let cases = ((all.cases as f32 * share) as u32).max(1);
    let mut runner = TestRunner::new(Config { cases, source_file: Some(file), ..all });
    let run = |value| {
        runtime.block_on(property(value));
        Ok(())
    };
    if let Err(failure) = runner.run(strategy, run) {
        panic!("{failure}");
    }
}

/// Choices for [`instagram::testing::Dice`].
pub fn choices(most: usize) -> impl Strategy<Value = Vec<u32>> {
    proptest::collection::vec(proptest::num::u32::ANY, 0..most)
}

/// Refuses an answer that is our fault, or a refusal that is neither a problem document nor a page for people.
#[track_caller]
pub fn assert_answered(reply: &Reply, what: &str) {
    assert!(reply.status.as_u16() < 500, "{what}: {} {}", reply.status, reply.text());
    if reply.header("content-type").starts_with("text/html") {
        assert!(reply.text().contains("<title>"), "{what}: {}", reply.text());
    } else if reply.status.is_client_error() {
        let problem = reply.problem(reply.status.as_u16());
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{what}: {problem}");
    }
}
