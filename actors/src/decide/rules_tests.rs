//! Which rules are hit: order, triggers, stop, caps, dry runs, classification on demand.

use std::sync::Arc;

use tenants::account::{Tenant, TenantStatus};
use tenants::clock::ManualClock;
use tenants::ids::{AgencyId, Ids, RuleId, TenantId};
use tenants::intent::Intent;
use tenants::rule::{Condition, Trigger};
use tenants::settings::TenantSettings;

use super::super::zone::local;
use super::*;

fn noon() -> Timestamp {
    "2026-03-10T12:00:00Z".parse().unwrap()
}

fn ids() -> Ids {
    Ids::seeded(Arc::new(ManualClock::at(0)), 3)
}

fn rule(ids: &Ids, name: &str, change: impl FnOnce(&mut Rule)) -> Rule {
    let mut rule = Rule {
        id: RuleId::new(ids),
        name: name.to_owned(),
        trigger: Trigger { on: TriggerKind::Comment, media: Vec::new() },
        conditions: Vec::new(),
        actions: vec![RuleAction::Hide],
        priority: 0,
        daily_cap: None,
        enabled: true,
        dry_run: false,
        created_at: noon(),
        updated_at: noon(),
    };
    change(&mut rule);
    rule
}

fn set(ids: &Ids, rules: Vec<Rule>) -> RuleSet {
    let tenant = Tenant {
        id: TenantId::new(ids),
        agency: AgencyId::new(ids),
        slug: "acme".into(),
        name: "Acme".into(),
        time_zone: "Europe/Madrid".into(),
        status: TenantStatus::Active,
        version: 1,
        created_at: noon(),
    };
    let context = TenantContext { rules, ..TenantContext::new(tenant, TenantSettings::default()) };
    RuleSet::new(&context, noon())
}

fn hits(
    set: &RuleSet,
    event: EventId,
    text: &str,
    found: Option<&Classification>,
    media: Option<&str>,
) -> String {
    let author = Person::default();
    let verdict = set.judge(&Occasion {
        event,
        trigger: TriggerKind::Comment,
        media,
        text,
        author: &author,
        classification: found,
        local_time: local(noon(), chrono_tz::Tz::UTC),
        today: "2026-03-10",
        counting: Counting::Count,
    });
    match verdict {
        Verdict::Hits(hits) => hits.iter().map(|hit| hit.rule.name.as_str()).collect::<Vec<_>>().join(" "),
        Verdict::Unclassified => "unclassified".to_owned(),
    }
}

fn word(word: &str) -> Condition {
    Condition::KeywordsAny { words: vec![word.to_owned()] }
}

#[test]
fn rules_are_asked_by_priority_and_age_and_stop_ends_it() {
    let ids = ids();
    let set = set(
        &ids,
        vec![
            rule(&ids, "younger", |rule| rule.created_at = noon() + std::time::Duration::from_secs(1)),
            rule(&ids, "older", |_| {}),
            rule(&ids, "first", |rule| rule.priority = 9),
            rule(&ids, "stop", |rule| {
                rule.priority = 5;
                rule.conditions = vec![word("enough")];
                rule.actions = vec![RuleAction::Stop];
            }),
            rule(&ids, "off", |rule| rule.enabled = false),
            rule(&ids, "other trigger", |rule| rule.trigger.on = TriggerKind::Dm),
        ],
    );
    assert_eq!(hits(&set, EventId::new(&ids), "hello", None, None), "first older younger");
    assert_eq!(hits(&set, EventId::new(&ids), "enough!", None, None), "first stop");
}

#[test]
fn a_dry_run_is_reported_but_stops_nothing_and_uses_no_cap() {
    let ids = ids();
    let set = set(
        &ids,
        vec![
            rule(&ids, "dry", |rule| {
                rule.priority = 1;
                rule.dry_run = true;
                rule.daily_cap = Some(0);
                rule.actions = vec![RuleAction::Stop];
            }),
            rule(&ids, "real", |_| {}),
        ],
    );
    assert_eq!(hits(&set, EventId::new(&ids), "hello", None, None), "dry real");
}

#[test]
fn a_capped_rule_steps_aside_when_its_day_is_used_up() {
    let ids = ids();
    let set = set(&ids, vec![rule(&ids, "twice", |rule| rule.daily_cap = Some(2))]);
    let events: Vec<EventId> = (0..3).map(|_| EventId::new(&ids)).collect();
    let asked: Vec<String> =
        [0, 1, 2, 1].iter().map(|&index| hits(&set, events[index], "hello", None, None)).collect();
    assert_eq!(asked, ["twice", "twice", "", "twice"]);
}

#[test]
fn a_rule_on_chosen_media_hears_only_those() {
    let ids = ids();
    let set = set(&ids, vec![rule(&ids, "post", |rule| rule.trigger.media = vec!["m1".into()])]);
    assert_eq!(hits(&set, EventId::new(&ids), "hello", None, Some("m1")), "post");
    assert_eq!(hits(&set, EventId::new(&ids), "hello", None, Some("m2")), "");
    assert_eq!(hits(&set, EventId::new(&ids), "hello", None, None), "");
}

#[test]
fn classification_is_asked_for_only_when_a_rule_depends_on_it() {
    let ids = ids();
    let set = set(
        &ids,
        vec![rule(&ids, "leads", |rule| {
            rule.conditions =
                vec![word("price"), Condition::Intent { any: vec![Intent::Lead], min_confidence: 0.5 }];
        })],
    );
    assert_eq!(hits(&set, EventId::new(&ids), "hello", None, None), "");
    assert_eq!(hits(&set, EventId::new(&ids), "price?", None, None), "unclassified");
    let lead = llm::testing::classification(Intent::Lead, 0.8);
    assert_eq!(hits(&set, EventId::new(&ids), "price?", Some(&lead), None), "leads");
    let praise = llm::testing::classification(Intent::Praise, 0.8);
    assert_eq!(hits(&set, EventId::new(&ids), "price?", Some(&praise), None), "");
}
