//! A thousand calls at once through the router, with a budget that has room for a part of them.

use futures::future::join_all;
use llm::{Input, LlmError};
use storage::testing::TestDatabase;
use tenants::models::CallOutcome;

use crate::house::House;
use crate::priced::{CATALOGUE, LEAST, MOST, Priced};

const LIMIT: i64 = 100_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_use_a_budget_up_and_no_more_on_sqlite() {
    a_thousand_calls_use_a_budget_up_and_no_more(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_use_a_budget_up_and_no_more_on_postgres() {
    if let Some(database) = TestDatabase::postgres().await {
        a_thousand_calls_use_a_budget_up_and_no_more(database).await;
    }
}

async fn a_thousand_calls_use_a_budget_up_and_no_more(database: TestDatabase) {
    let house = House::build(&database, LIMIT, CATALOGUE, &Priced::new(|_| {})).await;
    // What such calls cost is learned first, as on any day but the first.
    for _ in 0..20 {
        house.ask(Input::text("", "hi")).await.unwrap();
    }

    let answers = join_all((0..1_000).map(|_| house.ask(Input::text("", "hi")))).await;

    let refused = answers.iter().filter(|answer| matches!(answer, Err(LlmError::OutOfBudget { .. }))).count();
    let answered = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(answered + refused, 1_000, "{:?}", answers.iter().find(|it| it.is_err()));
    assert!(refused > 500, "there was money for so few: {answered}");
    // When the first one was refused, nearly all was spent or set aside; by now some of it has come back.
    let at_refusal = house.budget().await;
    assert!(at_refusal.spent.0 + at_refusal.reserved.0 > 80_000, "{at_refusal:?}");
    // One after the other, until there is no room for one more.
    while house.ask(Input::text("", "hi")).await.is_ok() {}
    let (budget, calls) = house.reckon().await;
    let spent = budget.spent.0;
    assert!(spent * 100 >= LIMIT * 95, "{spent} of {LIMIT} were of use");
    assert!(spent <= LIMIT + MOST - LEAST, "overspent by more than one estimate is wrong: {spent}");
    assert!(calls.iter().all(|call| call.outcome == CallOutcome::Answered));
}
