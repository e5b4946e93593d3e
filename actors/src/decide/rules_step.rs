//! Step 2: the rules that users made, turned into a plan.

use serde_json::{Value, json};
use tenants::decision::Step;
use tenants::effect::Action;
use tenants::rule::{Rule, RuleAction, RuleHit};
use tenants::settings::local_day;

use super::classify::classify;
use super::counters::Counting;
use super::error::DecideError;
use super::heard::Place;
use super::judgement::Case;
use super::placeholders::fill;
use super::plan::{Plan, PlannedAction};
use super::rules::{Hit, Occasion, Verdict, settles};
use super::seed::choose;
use super::work::Workings;
use super::zone::local;

/// What the rules want.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct RulesSay {
    pub plan: Plan,
    pub hits: Vec<RuleHit>,
    /// Names of the rules that acted.
    pub names: Vec<String>,
}

/// Asks the rules; classifies the text first when one of them cannot be judged otherwise.
pub(super) async fn ask_rules(case: &Case<'_>, work: &mut Workings) -> Result<RulesSay, DecideError> {
    let today = local_day(case.now, case.zone);
    let mut verdict = case.rules.judge(&occasion(case, work, &today));
    if matches!(verdict, Verdict::Unclassified) && classify(case, work).await?.is_some() {
        verdict = case.rules.judge(&occasion(case, work, &today));
    }
    let hits = match verdict {
        Verdict::Hits(hits) => hits,
        // Nobody can classify it: the matter goes to a person a few steps on.
        Verdict::Unclassified => {
            work.note(Step::Rules, "could not be judged without a classification", Value::Null);
            return Ok(RulesSay::default());
        }
    };
    let mut says = RulesSay::default();
    let mut steps = Vec::new();
    for Hit { rule } in &hits {
        says.hits.push(RuleHit { rule: rule.id, day: today.clone(), dry_run: rule.dry_run });
        let done = if rule.dry_run { Vec::new() } else { apply(rule, case, &mut says.plan) };
        if !rule.dry_run {
            says.names.push(rule.name.clone());
        }
        steps.push(json!({
            "rule": rule.id,
            "name": rule.name,
            "dry_run": rule.dry_run,
            "actions": rule.actions,
            "left_out": done,
        }));
    }
    work.note(
        Step::Rules,
        summary(&hits),
        if steps.is_empty() { Value::Null } else { json!({ "hits": steps }) },
    );
    Ok(says)
}

fn occasion<'a>(case: &Case<'a>, work: &'a Workings, today: &'a str) -> Occasion<'a> {
    Occasion {
        event: case.event,
        trigger: case.heard.trigger(),
        media: case.heard.media(),
        text: &case.heard.text,
        author: &case.heard.author,
        classification: work.classification.as_ref(),
        local_time: local(case.now, case.zone),
        today,
        counting: case.counting,
    }
}

fn summary(hits: &[Hit<'_>]) -> String {
    if hits.is_empty() {
        return "no rule applies".to_owned();
    }
    let names: Vec<String> = hits
        .iter()
        .map(|hit| {
            let dry = if hit.rule.dry_run { " (dry run)" } else { "" };
            format!("`{}`{dry}", hit.rule.name)
        })
        .collect();
    format!("hit: {}", names.join(", "))
}

/// Adds what the rule does to the plan; returns what had to be left out, and why.
fn apply(rule: &Rule, case: &Case<'_>, plan: &mut Plan) -> Vec<Value> {
    let mut left_out = Vec::new();
    for (index, action) in rule.actions.iter().enumerate() {
        plan.is_settled |= settles(action);
        let result = match action {
            RuleAction::Tag { tag } => {
                plan.tags.push(tag.clone());
                Ok(())
            }
            RuleAction::Assign { to } => {
                plan.assigned_to.get_or_insert_with(|| to.clone());
                Ok(())
            }
            RuleAction::Escalate => {
                plan.escalations.push(format!("the rule `{}` hands this to a person", rule.name));
                Ok(())
            }
            RuleAction::Stop => Ok(()),
            RuleAction::Reply { .. }
            | RuleAction::PrivateReply { .. }
            | RuleAction::Dm { .. }
            | RuleAction::Ask { .. }
            | RuleAction::Like
            | RuleAction::Hide
            | RuleAction::Delete => plan_action(action, index, case, plan),
        };
        if let Err(problem) = result {
            left_out.push(json!({ "action": action, "because": problem }));
        }
    }
    // This rule may take the place of what it, or one before it, has planned.
    left_out
        .extend(plan.given_way.drain(..).map(|(action, why)| json!({ "action": action, "because": why })));
    left_out
}

fn plan_action(
    action: &RuleAction,
    index: usize,
    case: &Case<'_>,
    plan: &mut Plan,
) -> Result<(), &'static str> {
    let heard = case.heard;
    let words = |variations: &[String]| {
        let seed = case.seed.wrapping_add(index as u64);
        choose(variations, seed).map(|template| (fill_in(template, case), template.to_owned()))
    };
    let speak = |variations: &[String], say: &dyn Fn(&str) -> Option<Action>| {
        words(variations).and_then(|(text, own)| Some((say(&text)?, Some(own))))
    };
    let planned = match action {
        RuleAction::Reply { variations } => speak(variations, &|text| heard.reply(text)),
        RuleAction::PrivateReply { variations } => {
            speak(variations, &|text| heard.private_reply(text, case.now))
        }
        RuleAction::Dm { variations } => speak(variations, &|text| heard.direct_message(text)),
        RuleAction::Ask { variations, quick_replies } => {
            speak(variations, &|text| heard.question(text, quick_replies))
        }
        RuleAction::Like => heard.like(case.account).map(|action| (action, None)),
        RuleAction::Hide => heard.hide().map(|action| (action, None)),
        RuleAction::Delete => heard.delete().map(|action| (action, None)),
        RuleAction::Tag { .. } | RuleAction::Assign { .. } | RuleAction::Escalate | RuleAction::Stop => None,
    };
    let (action, own_words) = planned.ok_or("instagram does not offer this here, or no more")?;
    plan.add(PlannedAction { action, own_words })
}

fn fill_in(template: &str, case: &Case<'_>) -> String {
    fill(template, called(case).as_deref(), Some(brand_of(case)))
}

/// How the author is called: by handle, with `@` where that is the custom.
pub(super) fn called(case: &Case<'_>) -> Option<String> {
    let username = case.heard.author.username.as_deref().filter(|name| is_handle(name))?;
    Some(match case.heard.place {
        Place::Direct { .. } => username.to_owned(),
        Place::Comment { .. } | Place::Mention { .. } => format!("@{username}"),
    })
}

/// True for what Instagram takes as a user name. Anything else was put there by somebody who wants it read.
fn is_handle(name: &str) -> bool {
    const LONGEST: usize = 30;
    let is_sign = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
    !name.is_empty() && name.len() <= LONGEST && name.chars().all(is_sign)
}

/// The brand's name in texts.
pub(super) fn brand_of<'a>(case: &Case<'a>) -> &'a str {
    let set = case.context.settings.voice.brand_name.trim();
    if set.is_empty() { &case.context.tenant.name } else { set }
}

/// A preview counts no hits.
pub(super) fn counted(hits: Vec<RuleHit>, counting: Counting) -> Vec<RuleHit> {
    if counting == Counting::Count { hits } else { Vec::new() }
}
