//! Whether a template can be used for its purpose, whatever the tenant.

use serde_json::{Value, json};
use tenants::intent::{Intent, Language};
use tenants::prompt::PromptKey;

use super::{PromptError, compile, render_in};

/// The values offered to the templates of a key.
pub const fn value_names(key: PromptKey) -> &'static [&'static str] {
    match key {
        PromptKey::Classify => &["brand", "languages", "intents"],
        PromptKey::Reply | PromptKey::Crisis => &[
            "brand",
            "formal",
            "emoji",
            "signature",
            "language",
            "channel",
            "max_bytes",
            "intent",
            "forbidden_words",
            "languages",
        ],
    }
}

/// Renders a template for tenants of many kinds: what passes can be stored and used.
///
/// # Errors
/// The first thing that is wrong, with its line.
pub fn check(key: PromptKey, body: &str) -> Result<(), PromptError> {
    let environment = compile(body)?;
    if let Some(name) = unknown_name(key, &environment) {
        let problem =
            format!("there is no value `{name}`: this prompt is offered {}", value_names(key).join(", "));
        return Err(PromptError::Line { line: line_naming(body, &name), problem });
    }
    samples(key).iter().try_for_each(|values| render_in(&environment, values).map(drop))
}

/// A name that is used and not offered, also in a branch that no sample takes.
fn unknown_name(key: PromptKey, environment: &minijinja::Environment<'static>) -> Option<String> {
    let template = environment.get_template(super::TEMPLATE).ok()?;
    let mut unknown: Vec<String> = template
        .undeclared_variables(false)
        .into_iter()
        .filter(|name| !value_names(key).contains(&name.as_str()))
        .collect();
    unknown.sort();
    unknown.into_iter().next()
}

/// The first line with a tag that names it.
fn line_naming(body: &str, name: &str) -> usize {
    let names = |line: &str| line.contains(name) && (line.contains("{{") || line.contains("{%"));
    1 + body.lines().position(names).unwrap_or(0)
}

/// Values of tenants that have set everything, and of tenants that have set nothing, for every use.
fn samples(key: PromptKey) -> Vec<Value> {
    let languages: Vec<&str> = Language::ALL.iter().map(|language| language.as_str()).collect();
    let intents: Vec<Value> = Intent::ALL
        .iter()
        .map(|intent| json!({ "name": intent.as_str(), "meaning": "Something that wants an answer." }))
        .collect();
    let sets = |rich: bool| match key {
        PromptKey::Classify => vec![json!({
            "brand": if rich { "Café Sol" } else { "" },
            "languages": if rich { &languages[..] } else { &languages[..1] },
            "intents": intents,
        })],
        PromptKey::Reply | PromptKey::Crisis => {
            let channels = ["public comment", "direct message", "private reply to a comment"];
            let uses =
                channels.iter().flat_map(|channel| Intent::ALL.iter().map(move |intent| (channel, intent)));
            let set = |(channel, intent): (&&str, &Intent)| {
                json!({
                    "brand": if rich { "Café Sol" } else { "" },
                    "formal": rich,
                    "emoji": rich,
                    "signature": if rich { "Your Sol team" } else { "" },
                    "language": "Spanish",
                    "channel": channel,
                    "max_bytes": 1_000,
                    "intent": intent.as_str(),
                    "forbidden_words": if rich { &["cheap", "guarantee"][..] } else { &[][..] },
                    "languages": if rich { &languages[..] } else { &languages[..1] },
                })
            };
            uses.map(set).collect()
        }
    };
    [sets(true), sets(false)].concat()
}
