//! People ask why.

mod questions;
mod world;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use kit::{Api, TestApp, TestTenant, stories};
use serde_json::{Value, json};

use self::questions::{Expected, Labelled, about};
use self::world::{Brand, CASTS, brands};

stories!(labelled_questions_are_answered_from_their_records);

/// What is said where nothing is recorded.
const NO_RECORD: &str = "There is no record of that.";

/// Questions that one may ask in a minute.
const A_MINUTES: usize = 20;

/// The whole answer to a question.
async fn ask(api: &Api, shop: &TestTenant, question: &str) -> Value {
    let body = json!({ "question": question, "stream": false });
    api.post(&shop.path("/oversight/chat"), body).await.ok()
}

fn ids_of(answer: &Value) -> BTreeSet<String> {
    let sources = answer["sources"].as_array().unwrap();
    sources.iter().map(|source| source["id"].as_str().unwrap().to_owned()).collect()
}

/// How well all questions were answered.
#[derive(Debug, Default)]
struct Marks {
    cited: usize,
    cited_rightly: usize,
    wanted: usize,
    found: usize,
    refusable: usize,
    refused: usize,
    answerable: usize,
    answered: usize,
    worded: usize,
    mistakes: String,
}

impl Marks {
    fn note(&mut self, brand: &Brand, labelled: &Labelled, answer: &Value) {
        let text = answer["answer"].as_str().unwrap();
        let is_refusal = text == NO_RECORD;
        let before = self.mistakes.len();
        match &labelled.expected {
            Expected::NoRecord => {
                self.refusable += 1;
                self.refused += usize::from(is_refusal);
                if !is_refusal {
                    let _ = write!(self.mistakes, " should have found nothing;");
                }
            }
            Expected::Answer { must, may, says } => {
                self.answerable += 1;
                self.answered += usize::from(!is_refusal);
                let cited = ids_of(answer);
                let fits = |id: &String, label: &String| brand.records.of(label).contains(id) || is_sum(id, label);
                let right = cited.iter().filter(|id| may.iter().chain(must).any(|label| fits(id, label))).count();
                self.cited += cited.len();
                self.cited_rightly += right;
                self.wanted += must.len();
                let found = must.iter().filter(|label| cited.iter().any(|id| fits(id, label))).count();
                self.found += found;
                let is_worded = says.iter().all(|words| text.to_lowercase().contains(&words.to_lowercase()));
                self.worded += usize::from(is_worded);
                if right < cited.len() || found < must.len() || !is_worded {
                    let _ = write!(
                        self.mistakes,
                        " {right} of {} cited rightly, {found} of {must:?} found, words {says:?}: {is_worded};",
                        cited.len()
                    );
                }
            }
        }
        if self.mistakes.len() > before {
            let _ = writeln!(self.mistakes, "\n  {}: {}\n  -> {text}\n", brand.cast.slug, labelled.question);
        }
    }
}

/// Sums and counts have no id of a row: they are named by what was added up.
fn is_sum(id: &str, label: &str) -> bool {
    id == label || id.split(':').next() == Some(label)
}

async fn labelled_questions_are_answered_from_their_records(app: TestApp) -> TestApp {
    let brands = brands(&app, &CASTS).await;
    let mut marks = Marks::default();
    let mut latencies: Vec<i64> = Vec::new();
    let (mut asked, mut api) = (0, app.api.clone());
    for (at, brand) in brands.iter().enumerate() {
        let other = &brands[(at + 1) % brands.len()].cast;
        for labelled in about(brand, other) {
            if asked % A_MINUTES == 0 {
                api = asker(&app, asked).await;
            }
            asked += 1;
            let answer = ask(&api, &brand.shop, &labelled.question).await;
            latencies.extend(answer["first_token_ms"].as_i64());
            marks.note(brand, &labelled, &answer);
        }
    }
    latencies.sort_unstable();
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let (precision, recall) = (share(marks.cited_rightly, marks.cited), share(marks.found, marks.wanted));
    let (refusals, answers) = (share(marks.refused, marks.refusable), share(marks.answered, marks.answerable));
    let worded = share(marks.worded, marks.answerable);
    println!(
        "{asked} questions: citation precision {precision:.3}, recall {recall:.3}; refused {refusals:.3} of what has no \
         record, answered {answers:.3} of what has one, {worded:.3} with the right words; first words p95 {} ms",
        latencies[latencies.len() * 95 / 100]
    );
    println!("{}", marks.mistakes);
    assert!(asked >= 150, "{asked}");
    app
}

/// Somebody with a key of their own: nobody may ask without end.
async fn asker(app: &TestApp, number: usize) -> Api {
    let key = json!({ "name": format!("asker {number}") });
    let made = app.api.post(&format!("/agencies/{}/keys", app.agency.id), key).await.ok();
    app.api.with_key(made["text"].as_str().unwrap())
}
