//! What to look into for a question.

use super::look::{AuditSearch, Dates, Look};
use super::question::{Asks, Question, Topic};
use super::vocabulary::{Deed, Thing};
use super::wanted::Wanted;

/// What to look into for a question.
pub fn plan(question: &Question) -> Vec<Look> {
    let mut looks = Vec::new();
    let (from, to) = (question.when.map(|it| it.first), question.when.map(|it| it.last));
    match question.topic {
        Some(Topic::BestTime) => return vec![Look::BestTimes {}],
        Some(Topic::QuietHours) => return vec![Look::Settings {}],
        Some(Topic::Summary) => {
            let search = AuditSearch { from, to, ..AuditSearch::default() };
            return vec![Look::Approvals { status: None }, Look::AuditSearch(search)];
        }
        None => {}
    }
    let of_money = question.names(&[Deed::Spend]) || question.is_about(&[Thing::Budget]);
    if of_money {
        let tasks = question.tasks();
        looks.extend(tasks.iter().map(|task| Look::Costs { task: Some(*task), from, to }));
        if tasks.is_empty() {
            looks.push(Look::Costs { task: None, from, to });
        }
    }
    let of_numbers = is_of_numbers(question);
    if of_numbers {
        looks.push(Look::Insights(Dates { from, to }));
    }
    if question.is_about(&[Thing::Alert]) || question.names(&[Deed::Raise]) {
        looks.push(Look::Alerts { open: None });
    }
    if question.is_about(&[Thing::Approval]) || question.names(&[Deed::Wait, Deed::Draft, Deed::Escalate]) {
        looks.push(Look::Approvals { status: None });
    }
    if question.is_about(&[Thing::Queue, Thing::Letter]) || question.names(&[Deed::GiveUp]) {
        looks.push(Look::Queue { state: None });
    }
    if question.is_about(&[Thing::Post, Thing::Caption]) || question.names(&[Deed::Publish, Deed::Schedule]) {
        looks.push(Look::Posts { state: None });
    }
    if question.is_about(&[Thing::Lead]) {
        looks.push(Look::Leads {});
    }
    if question.is_about(&[Thing::Rule]) {
        looks.push(Look::Rules {});
    }
    if question.is_about(&[Thing::Memory]) {
        let about: Vec<&str> = question.rest.iter().map(|it| it.plain.as_str()).collect();
        looks.push(Look::Memory { about: [about.join(" "), question.quotes.join(" ")].join(" ") });
    }
    if question.is_about(&[Thing::Account, Thing::Token]) {
        looks.push(Look::Accounts {});
    }
    if question.is_about(&[Thing::Ugc]) {
        looks.push(Look::Ugc {});
    }
    let is_answered_by_sums = of_money && question.asks == Asks::What || of_numbers;
    let is_of_plans =
        question.names(&[Deed::Schedule]) && Wanted::of(question).is_some_and(|it| it.is_state());
    if !is_answered_by_sums && (!is_of_plans || question.is_particular()) {
        looks.push(Look::AuditSearch(AuditSearch { from, to, ..AuditSearch::default() }));
    }
    looks
}

/// Whether it asks for numbers of the account, and for nothing that somebody did or said.
pub fn is_of_numbers(question: &Question) -> bool {
    let others = question.things.iter().any(|it| !matches!(it, Thing::Insight | Thing::Account));
    question.is_about(&[Thing::Insight]) && question.deeds.is_empty() && !others && !question.is_particular()
}
