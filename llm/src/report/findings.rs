//! Sentences that follow from numbers by rules: the same numbers give the same sentences.

use tenants::report::{FindingLine, PostLine, ReportFact, rounded};
use tenants::words::with_article;

use super::numbers::QUOTED_WORDS;
use super::{ReportRequest, Written};

/// Changes below this, in percent, are not worth a sentence.
const WORTH_TELLING: f64 = 10.0;
/// Changes from this on, in percent, are out of the ordinary.
const ODD: f64 = 50.0;
/// Below this count a change in percent says nothing.
const ENOUGH: f64 = 20.0;
/// Sentences about changes.
const CHANGES_TOLD: usize = 4;

/// What the built-in rules say to numbers.
pub fn from_numbers(request: &ReportRequest) -> Written {
    let mut changes: Vec<&ReportFact> =
        request.facts.iter().filter(|fact| size(fact) >= WORTH_TELLING).collect();
    changes
        .sort_by(|one, other| size(other).total_cmp(&size(one)).then_with(|| one.metric.cmp(&other.metric)));
    let mut written = Written {
        findings: changes.iter().take(CHANGES_TOLD).map(|fact| change(fact)).collect(),
        anomalies: changes.iter().filter(|fact| is_odd(fact)).map(|fact| change(fact)).collect(),
        ..Written::default()
    };
    if written.findings.is_empty() {
        written.findings.extend(unchanged(request));
    }
    written.findings.extend(request.posts.first().map(best_post));
    written.recommendations = recommendations(request);
    written.held_to(request)
}

fn size(fact: &ReportFact) -> f64 {
    fact.change_percent.map_or(0.0, f64::abs)
}

fn is_odd(fact: &ReportFact) -> bool {
    let largest =
        [fact.current, fact.previous].into_iter().flatten().fold(0.0_f64, |most, it| most.max(it.abs()));
    size(fact) >= ODD && (fact.is_percent || largest >= ENOUGH)
}

fn change(fact: &ReportFact) -> FindingLine {
    let percent = fact.change_percent.unwrap_or_default();
    let verb = if percent >= 0.0 { "rose" } else { "fell" };
    let [previous, current] =
        [fact.previous, fact.current].map(|value| shown(value.unwrap_or_default(), fact));
    let text = format!(
        "{} {verb} by {} % to {current}, from {previous} in the period before.",
        capital(&fact.label),
        number(percent.abs())
    );
    FindingLine { text, metrics: vec![fact.metric.clone()] }
}

fn unchanged(request: &ReportRequest) -> Option<FindingLine> {
    let known: Vec<&ReportFact> =
        request.facts.iter().filter(|fact| fact.current.is_some() && fact.previous.is_some()).collect();
    if known.is_empty() {
        let current = request.facts.iter().find(|fact| fact.current.is_some())?;
        let value = shown(current.current?, current);
        let text =
            format!("{} was {value}; there is nothing to compare it with yet.", capital(&current.label));
        return Some(FindingLine { text, metrics: vec![current.metric.clone()] });
    }
    let metrics = known.iter().map(|fact| fact.metric.clone()).collect();
    Some(FindingLine { text: "Nothing changed much against the period before.".to_owned(), metrics })
}

fn best_post(post: &PostLine) -> FindingLine {
    let caption: String = post.caption.split_whitespace().take(QUOTED_WORDS).collect::<Vec<_>>().join(" ");
    let named = if caption.is_empty() { String::new() } else { format!(" (“{caption}”)") };
    let text = format!(
        "The post with most engagement was {}{named}, with {} likes, comments, saves and shares.",
        with_article(&post.kind.replace('_', " ")),
        number(post.engagement)
    );
    FindingLine { text, metrics: Vec::new() }
}

fn recommendations(request: &ReportRequest) -> Vec<String> {
    let fell = |metric: &str| {
        request.facts.iter().any(|fact| {
            fact.metric == metric && fact.change_percent.is_some_and(|percent| percent <= -WORTH_TELLING)
        })
    };
    let is_zero =
        |metric: &str| request.facts.iter().any(|fact| fact.metric == metric && fact.current == Some(0.0));
    let mut said = Vec::new();
    if is_zero("posts_published") {
        said.push(
            "Nothing was published: plan a post, for example a variation of the best one so far.".to_owned(),
        );
    }
    if fell("reach") || fell("views") {
        said.push(
            "Fewer people were reached: publish at the hours that the best-time suggestion names.".to_owned(),
        );
    }
    if fell("average_engagement_rate") || fell("total_comments") {
        said.push(
            "People reacted less: ask a question in the next captions and answer the first comments."
                .to_owned(),
        );
    }
    if let Some(best) = request.posts.first().filter(|_| request.posts.len() > 1) {
        said.push(format!(
            "The best post was {}: make another one of this kind.",
            with_article(&best.kind.replace('_', " "))
        ));
    }
    if !request.missing.is_empty() {
        said.push("Some numbers are missing; the report names the reasons.".to_owned());
    }
    said
}

fn shown(value: f64, fact: &ReportFact) -> String {
    if fact.is_percent { format!("{} %", number(value)) } else { number(value) }
}

/// At most two decimals, none where there are none.
fn number(value: f64) -> String {
    let value = rounded(value);
    format!("{value:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(metric: &str, current: f64, previous: f64) -> ReportFact {
        let change = rounded((current - previous) / previous * 100.0);
        ReportFact {
            metric: metric.to_owned(),
            label: metric.replace('_', " "),
            is_percent: metric.ends_with("rate"),
            current: Some(current),
            previous: Some(previous),
            change_percent: Some(change),
        }
    }

    #[test]
    fn the_largest_changes_are_told_first_and_odd_ones_are_anomalies() {
        let facts =
            vec![fact("views", 1_000.0, 950.0), fact("reach", 333.0, 1_000.0), fact("total_saves", 6.0, 3.0)];
        let written = from_numbers(&ReportRequest { facts, ..ReportRequest::default() });
        let told: Vec<&str> = written.findings.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            told,
            [
                "Total saves rose by 100 % to 6, from 3 in the period before.",
                "Reach fell by 66.7 % to 333, from 1000 in the period before.",
            ]
        );
        assert_eq!(written.anomalies.len(), 1, "three saves more are no anomaly: {:?}", written.anomalies);
        assert_eq!(written.left_out, 0);
    }

    #[test]
    fn without_anything_to_compare_a_number_is_told_and_without_numbers_nothing() {
        let alone = ReportFact { previous: None, change_percent: None, ..fact("views", 12.0, 1.0) };
        let written = from_numbers(&ReportRequest { facts: vec![alone], ..ReportRequest::default() });
        assert_eq!(written.findings[0].text, "Views was 12; there is nothing to compare it with yet.");
        assert!(from_numbers(&ReportRequest::default()).is_empty());
    }
}
