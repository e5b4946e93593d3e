//! Prompts are templates: what a model is told to do, with the agency's own words filled in.
//!
//! People of an agency write them, so a template can do little (`language`), costs a bounded amount of work and
//! memory, and reads no file. Nothing that a customer wrote is ever a value of a template.

mod check;
mod language;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use hashlink::LruCache;
use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::Value;
use tenants::prompt::{Prompt, PromptKey};

pub use check::{check, value_names};

/// Longest template, in bytes.
pub const LONGEST: usize = 16 * 1024;

/// Longest text a template may become, in bytes. What a model reads costs money on every call.
pub const LONGEST_RENDERED: usize = 48 * 1024;

/// Templates kept ready.
const KEPT: usize = 256;

const TEMPLATE: &str = "prompt";

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// There is nothing in it.
    #[error("the prompt is empty: write what the model has to do")]
    Empty,
    /// It is too long, or becomes too long.
    #[error("the prompt {becomes} {bytes} bytes long: shorten it to at most {most}")]
    TooLong {
        /// `is`, or `becomes` when it is about the rendered text.
        becomes: &'static str,
        /// How long.
        bytes: usize,
        /// How long it may be.
        most: usize,
    },
    /// A line of it is wrong.
    #[error("line {line}: {problem}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}

/// The prompt built into the program. It has version 0, whatever versions of it a database holds.
pub fn built_in(key: PromptKey) -> Arc<Prompt> {
    static BUILT_IN: LazyLock<Vec<Arc<Prompt>>> = LazyLock::new(|| {
        let prompt = |key: &PromptKey| Prompt { key: *key, version: 0, body: built_in_text(*key).to_owned() };
        PromptKey::ALL.iter().map(|key| Arc::new(prompt(key))).collect()
    });
    Arc::clone(&BUILT_IN[key as usize])
}

/// The text of the prompt built into the program.
pub const fn built_in_text(key: PromptKey) -> &'static str {
    match key {
        PromptKey::Classify => include_str!("../../../config/prompts/classify.md"),
        PromptKey::Reply => include_str!("../../../config/prompts/reply.md"),
        PromptKey::Crisis => include_str!("../../../config/prompts/crisis.md"),
    }
}

/// Fills the values into a prompt.
///
/// # Errors
/// The line that cannot be rendered; for a prompt that [`check`] accepted, only when a value is missing or the values
/// are far larger than those of any tenant.
pub fn render(prompt: &Prompt, values: &Value) -> Result<String, PromptError> {
    let environment = ready(&prompt.body)?;
    render_in(&environment, values)
}

fn render_in(environment: &Environment<'static>, values: &Value) -> Result<String, PromptError> {
    let template = environment.get_template(TEMPLATE).map_err(language::problem)?;
    let text = template.render(Serde(values)).map_err(language::problem)?;
    if text.len() > LONGEST_RENDERED {
        return Err(PromptError::TooLong { becomes: "becomes", bytes: text.len(), most: LONGEST_RENDERED });
    }
    Ok(text.trim().to_owned())
}

/// The compiled template, from the ones kept ready where it is there.
fn ready(body: &str) -> Result<Arc<Environment<'static>>, PromptError> {
    static READY: LazyLock<Mutex<LruCache<String, Arc<Environment<'static>>>>> =
        LazyLock::new(|| Mutex::new(LruCache::new(KEPT)));
    let kept = || READY.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = kept().get(body) {
        return Ok(Arc::clone(environment));
    }
    let environment = Arc::new(compile(body)?);
    kept().insert(body.to_owned(), Arc::clone(&environment));
    Ok(environment)
}

fn compile(body: &str) -> Result<Environment<'static>, PromptError> {
    if body.trim().is_empty() {
        return Err(PromptError::Empty);
    }
    if body.len() > LONGEST {
        return Err(PromptError::TooLong { becomes: "is", bytes: body.len(), most: LONGEST });
    }
    language::scan(body)?;
    let mut environment = language::environment();
    environment.add_template_owned(TEMPLATE, body.to_owned()).map_err(language::problem)?;
    Ok(environment)
}
