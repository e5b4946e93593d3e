//! Whatever rules a tenant has made and whatever strangers write: asking the rules ends in a verdict.

use chrono_tz::Tz;
use proptest::prelude::*;
use proptest::sample::select;
use tenants::account::{Tenant, TenantStatus};
use tenants::clock::{ManualClock, Timestamp};
use tenants::event::Person;
use tenants::ids::{AgencyId, EventId, Ids, RuleId, TenantId};
use tenants::intent::{Intent, Language, Sentiment};
use tenants::ports::TenantContext;
use tenants::rule::{Condition, MAX_COMPILED_REGEX_BYTES, Rule, RuleAction, Trigger, TriggerKind};
use tenants::settings::TenantSettings;

use super::super::conditions::Check;
use super::super::counters::Counting;
use super::super::placeholders::fill;
use super::super::rules::{Occasion, RuleSet, Verdict};
use super::super::zone::local;
use super::world::noon;

/// Patterns that break other engines, or that grow when they are compiled.
const PATTERNS: &[&str] = &[
    "(a+)+$",
    "(a|aa)*b",
    "(.*)*(.*)*(.*)*$",
    "(x+x+)+y",
    r"\w{0,500}\w{0,500}",
    r"(\p{L}{1,100}){1,100}",
    "((((((((((a{10}){10}){10}){10}){10}){10}){10}){10}){10}){10})",
    r"[\u{0}-\u{10ffff}]{200}",
    r"(?i)\bß\b|\p{Emoji}",
    "^$",
    "",
    "(",
    "[",
    "*",
    r"\",
    r"(?<n>a)\k<n>",
    "(?=look)",
    "\0",
    "(?s).*",
    "(?x) a # comment",
    r"\B\b\B",
    "a{4294967296}",
    "((((((((((((((((((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))))))))))))))))))",
];

const TEXTS: &[&str] = &[
    "",
    " ",
    "\0",
    "price?",
    "STOP",
    "👩‍👩‍👧‍👦",
    "a\u{301}\u{301}\u{316}",
    "\u{202e}ecirp\u{200b}",
    "ßẞİıſK",
    "\u{fdfa}",
    "@acme @maria {name} {brand} {",
    "٣:٤",
];

/// Mostly words and signs that mean something to somebody, sometimes anything, sometimes very long.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        select(TEXTS).prop_map(str::to_owned),
        any::<String>(),
        "[a-z @?{}\u{0}\u{200b}äß👍]{0,40}",
        (select(TEXTS), 1..2_000usize).prop_map(|(text, times)| text.repeat(times)),
        "(a|x| ){200,3000}",
    ]
}

fn pattern() -> impl Strategy<Value = String> {
    prop_oneof![
        select(PATTERNS).prop_map(str::to_owned),
        any::<String>(),
        r"[a-c.*+?(){}\[\]|\\^$0-9,bwdpL]{0,30}",
        (select(PATTERNS), 2..40usize).prop_map(|(pattern, times)| pattern.repeat(times)),
    ]
}

fn time() -> impl Strategy<Value = String> {
    prop_oneof![
        (0..30u32, 0..70u32).prop_map(|(hours, minutes)| format!("{hours:02}:{minutes:02}")),
        (0..30u32, 0..70u32).prop_map(|(hours, minutes)| format!("{hours}:{minutes}")),
        select(vec![
            " 9:05",
            "9: 05",
            "+9:05",
            "9:+5",
            "09:00 ",
            "9 :05",
            "-0:00",
            "23:60",
            "٠٩:٠٠",
            "09:00\n"
        ])
        .prop_map(str::to_owned),
        r"[ +0-9:-]{0,8}",
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let words = || prop::collection::vec(text(), 0..4);
    let languages = prop::collection::vec(select(Language::ALL), 0..3);
    let sentiments = prop::collection::vec(select(Sentiment::ALL), 0..3);
    let intents = prop::collection::vec(select(Intent::ALL), 0..3);
    prop_oneof![
        1 => words().prop_map(|words| Condition::KeywordsAny { words }),
        1 => words().prop_map(|words| Condition::KeywordsAll { words }),
        1 => words().prop_map(|words| Condition::KeywordsNone { words }),
        4 => pattern().prop_map(|pattern| Condition::Regex { pattern }),
        1 => languages.prop_map(|any| Condition::Language { any }),
        1 => words().prop_map(|any| Condition::Author { any }),
        3 => (time(), time()).prop_map(|(from, until)| Condition::Time { from, until }),
        1 => sentiments.prop_map(|any| Condition::Sentiment { any }),
        1 => (intents, any::<f32>()).prop_map(|(any, min_confidence)| Condition::Intent { any, min_confidence }),
    ]
}

fn action() -> impl Strategy<Value = RuleAction> {
    let variations = || prop::collection::vec(text(), 0..3);
    prop_oneof![
        variations().prop_map(|variations| RuleAction::Reply { variations }),
        variations().prop_map(|variations| RuleAction::PrivateReply { variations }),
        variations().prop_map(|variations| RuleAction::Dm { variations }),
        text().prop_map(|tag| RuleAction::Tag { tag }),
        text().prop_map(|to| RuleAction::Assign { to }),
        select(vec![RuleAction::Like, RuleAction::Hide, RuleAction::Escalate, RuleAction::Stop]),
    ]
}

prop_compose! {
    fn rule()(
        name in text(),
        on in select(TriggerKind::ALL),
        conditions in prop::collection::vec(condition(), 0..4),
        actions in prop::collection::vec(action(), 0..3),
        priority in any::<i32>(),
        daily_cap in any::<Option<u32>>(),
        dry_run in any::<bool>(),
    ) -> Rule {
        let trigger = Trigger { on, media: Vec::new() };
        Rule { name, trigger, conditions, actions, priority, daily_cap, dry_run, ..plain_rule() }
    }
}

/// A tenant with these rules.
fn rule_set(rules: Vec<Rule>, moment: Timestamp) -> RuleSet {
    let ids = Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), 7);
    let tenant = Tenant {
        id: TenantId::new(&ids),
        agency: AgencyId::new(&ids),
        slug: "acme".into(),
        name: "Acme".into(),
        time_zone: "Asia/Kathmandu".into(),
        status: TenantStatus::Active,
        version: 1,
        created_at: noon(),
    };
    let settings = TenantSettings::default();
    let context = TenantContext { rules, ..TenantContext::new(tenant, settings) };
    RuleSet::new(&context, moment)
}

/// Asks rules about a text as a comment and as a direct message, before and after it was classified.
fn ask(set: &RuleSet, said: &str, author: &Person, moment: Timestamp) {
    let found = llm::testing::classification(Intent::Praise, 0.8);
    let ids = Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), 9);
    for (trigger, classification) in
        [(TriggerKind::Comment, None), (TriggerKind::Comment, Some(&found)), (TriggerKind::Dm, Some(&found))]
    {
        let verdict = set.judge(&Occasion {
            event: EventId::new(&ids),
            trigger,
            media: None,
            text: said,
            author,
            classification,
            local_time: local(moment, Tz::Asia__Kathmandu),
            today: "2026-03-10",
            counting: Counting::Count,
        });
        let is_classified = classification.is_some();
        assert!(!is_classified || matches!(verdict, Verdict::Hits(_)), "classified once is enough");
    }
}

/// A part of the cases that are asked for: compiling regular expressions takes long without optimisation.
fn some_cases(share: f32) -> ProptestConfig {
    let all = ProptestConfig::default();
    ProptestConfig { cases: ((all.cases as f32 * share) as u32).max(1), ..all }
}

proptest! {
    #![proptest_config(some_cases(0.12))]

    #[test]
    fn any_rules_can_be_asked_about_any_text(
        rules in prop::collection::vec(rule(), 1..3),
        said in text(),
        id in text(),
        username in proptest::option::of(text()),
        micros in any::<i64>(),
    ) {
        let set = rule_set(rules.clone(), noon());
        for moment in [noon(), Timestamp::from_micros(micros)] {
            ask(&set, &said, &Person { id: id.clone(), username: username.clone() }, moment);
        }
        for action in rules.iter().flat_map(|rule| &rule.actions) {
            if let RuleAction::Reply { variations } = action {
                variations.iter().for_each(|text| _ = fill(text, username.as_deref(), Some(&said)));
            }
        }
    }
}

proptest! {
    #![proptest_config(some_cases(0.5))]

    /// An accepted rule that can never hold would be a trap: its maker believes that it works.
    #[test]
    fn every_condition_that_is_accepted_can_be_used(condition in condition()) {
        let mut rule = plain_rule();
        rule.conditions = vec![condition];
        match rule.validate() {
            Ok(()) => {
                let check = Check::compile(&rule.conditions[0]);
                prop_assert!(!matches!(check, Check::Unusable), "{:?}", rule.conditions[0]);
            }
            Err(refusal) => prop_assert_eq!(refusal.field, "conditions[0]"),
        }
    }

    #[test]
    fn every_rule_that_is_accepted_survives_the_database(rule in rule()) {
        match rule.validate() {
            Ok(()) => {
                let stored = serde_json::to_string(&rule).unwrap();
                prop_assert_eq!(serde_json::from_str::<Rule>(&stored).unwrap(), rule);
            }
            Err(refusal) => prop_assert!(
                ["name", "actions", "conditions"].iter().any(|field| refusal.field.starts_with(field)),
                "{refusal:?}"
            ),
        }
    }
}

fn plain_rule() -> Rule {
    let ids = Ids::seeded(std::sync::Arc::new(ManualClock::at(0)), 5);
    Rule {
        id: RuleId::new(&ids),
        name: "rule".to_owned(),
        trigger: Trigger { on: TriggerKind::Comment, media: Vec::new() },
        conditions: Vec::new(),
        actions: vec![RuleAction::Hide],
        priority: 0,
        daily_cap: None,
        enabled: true,
        dry_run: false,
        created_at: noon(),
        updated_at: noon(),
    }
}

#[test]
fn patterns_that_would_grow_without_end_are_refused_and_the_others_keep_to_linear_time() {
    let text = "a".repeat(20_000);
    for pattern in PATTERNS {
        if let Ok(compiled) = tenants::rule::compile_pattern(pattern) {
            let _ = compiled.is_match(&text);
        }
    }
    let growing = r"(\p{L}{1,100}){1,100}";
    assert!(tenants::rule::compile_pattern(growing).is_err(), "over {MAX_COMPILED_REGEX_BYTES} bytes");
}
