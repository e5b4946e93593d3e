//! A briefing as text and as a page.

use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, context};
use serde::Serialize;

use super::Material;
use super::words::words_of;

/// A part of a briefing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Section {
    /// What it is called, in the tenant's language.
    pub title: String,
    /// What it says.
    pub lines: Vec<Line>,
}

/// A line of a section.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Line {
    pub label: String,
    pub value: String,
}

/// A briefing that is written.
pub(super) struct Page {
    pub title: String,
    pub text: String,
    pub html: String,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|name| match name {
        "html" => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    // Both texts come with the program; a test renders them.
    let _ = environment.add_template("html", include_str!("../../../config/briefings/briefing.html"));
    let _ = environment.add_template("text", include_str!("../../../config/briefings/briefing.txt"));
    environment
});

/// Writes it.
pub(super) fn page_of(material: &Material, sections: &[Section]) -> Page {
    let words = words_of(material.language);
    let title = format!("{}: {}", material.tenant_name, words.title(material.kind));
    let local = |at: tenants::clock::Timestamp| {
        at.to_utc().with_timezone(&material.zone).format("%Y-%m-%d %H:%M").to_string()
    };
    let period =
        format!("{} – {} ({})", local(material.period.from), local(material.period.until), material.zone);
    let language = material.language.as_str();
    let context = context! { title => &title, period, language, sections => Serde(sections) };
    let render = |name| {
        let template = TEMPLATES.get_template(name);
        let page = template.and_then(|it| it.render(context.clone()));
        page.unwrap_or_default()
    };
    Page { text: render("text"), html: render("html"), title }
}
