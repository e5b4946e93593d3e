//! Tables with a header.

use tenants::intent::Language;
use tenants::memory::Visibility;

use super::{Entry, LineProblem, MAX_ITEMS, Reading, Unreadable};

/// Where the columns stand.
struct Columns {
    title: Option<usize>,
    text: usize,
    language: Option<usize>,
    visibility: Option<usize>,
}

/// Every row of a table.
pub(super) fn read(text: &str) -> Result<Reading, Unreadable> {
    let first = text.lines().next().unwrap_or_default();
    // Spreadsheets write what their country separates with.
    let delimiter = *[b',', b';', b'\t']
        .iter()
        .max_by_key(|mark| (first.bytes().filter(|byte| byte == *mark).count(), **mark == b','))
        .unwrap_or(&b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| Unreadable::Header(error.to_string()))?.clone();
    let columns = columns(&header)?;
    let mut reading = Reading::default();
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, |position| position.line() as usize);
                match entry(line, &record, &columns, header.len()) {
                    Ok(entry) => reading.entries.push(entry),
                    Err(problem) => reading.problems.push(LineProblem::new(line, problem)),
                }
            }
            Err(error) => {
                let line = error.position().map_or(0, |position| position.line() as usize);
                reading.problems.push(LineProblem::new(line, error.to_string()));
            }
        }
        if reading.entries.len() + reading.problems.len() > MAX_ITEMS {
            return Err(Unreadable::TooMany(reading.entries.len() + reading.problems.len()));
        }
    }
    Ok(reading)
}

fn columns(header: &csv::StringRecord) -> Result<Columns, Unreadable> {
    let names: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
    for (place, name) in names.iter().enumerate() {
        let known = ["question", "answer", "title", "text", "language", "visibility"];
        if !known.contains(&name.as_str()) {
            return Err(Unreadable::Header(format!(
                "unknown column `{}`: use text, or question and answer; besides these title, language, visibility",
                name.chars().take(40).collect::<String>()
            )));
        }
        if names[..place].contains(name) {
            return Err(Unreadable::Header(format!("the column `{name}` stands there twice: leave one out")));
        }
    }
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let text = match (place("text"), place("answer"), place("question")) {
        (Some(text), None, None) => text,
        (None, Some(answer), Some(_)) => answer,
        _ => {
            let problem = "the header must name the column text, or the columns question and answer";
            return Err(Unreadable::Header(problem.to_owned()));
        }
    };
    Ok(Columns {
        title: place("question").or_else(|| place("title")),
        text,
        language: place("language"),
        visibility: place("visibility"),
    })
}

fn entry(line: usize, record: &csv::StringRecord, columns: &Columns, width: usize) -> Result<Entry, String> {
    if record.len() != width {
        return Err(format!(
            "has {} columns, the header has {width}: put texts with separators in quotes",
            record.len()
        ));
    }
    let cell = |place: Option<usize>| place.and_then(|place| record.get(place)).filter(|it| !it.is_empty());
    let mut entry = Entry::new(
        line,
        cell(columns.title).map(str::to_owned),
        cell(Some(columns.text)).unwrap_or_default(),
    );
    if let Some(text) = cell(columns.language) {
        let language: Language = text.to_lowercase().parse().map_err(|error| format!("language: {error}"))?;
        entry.language = Some(language);
    }
    if let Some(text) = cell(columns.visibility) {
        let visibility: Visibility =
            text.to_lowercase().parse().map_err(|error| format!("visibility: {error}"))?;
        entry.visibility = Some(visibility);
    }
    Ok(entry)
}
