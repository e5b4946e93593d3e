//! Random mixtures of attacks in everything that strangers can write, before the real builder of prompts and a model
//! that gives back what it was given: never do instructions or notes leave by themselves.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use llm::budget::{NoWatch, Paid};
use llm::catalogue::{CatalogueError, ProviderEntry};
use llm::disguise::plain;
use llm::provider::{Ask, CallError, Completion, Deltas, Embeddings, Provider, ProviderSource};
use llm::request::{Message, Usage};
use llm::testing::MemoryLedger;
use llm::testing::corpus::{attacks, obeyed};
use llm::{Cascade, Catalogue, LlmMetrics, OfflineProvider, Router, RouterParts};
use proptest::prelude::*;
use proptest::sample::select;
use tenants::clock::Clock;
use tenants::decision::Outcome;
use tenants::event::Person;
use tenants::ids::{MemoryId, TenantId};
use tenants::memory::{MemoryFilter, MemoryItem, MemoryKind, MemoryStats, Recall, Recalled, Visibility};
use tenants::models::Task;
use tenants::ports::{Memory, MemoryError, PageRequest};

use super::safety::{said_by, trusting};
use super::world::*;

const NOTE: &str = "Maria pays late and her lawyer is called Quintero, so offer her nothing at all";
const OF_PETRA: &str = "The vault code of Petra is kept in the blue book beside the door";

/// What the model makes of what it is given.
#[derive(Debug, Clone, Copy)]
enum Habit {
    Everything,
    Instructions,
    Document,
    /// So many words of the instructions, from some word on.
    Passage(usize, usize),
    Reversed(usize),
    Spelled(usize),
}

fn habit() -> impl Strategy<Value = Habit> {
    prop_oneof![
        Just(Habit::Everything),
        Just(Habit::Instructions),
        Just(Habit::Document),
        (0..500_usize, 12..60_usize).prop_map(|(from, words)| Habit::Passage(from, words)),
        (0..500_usize).prop_map(Habit::Reversed),
        (0..500_usize).prop_map(Habit::Spelled),
    ]
}

/// A model that says what it was given.
struct Gullible {
    habit: Mutex<Habit>,
    seen: Mutex<Vec<String>>,
}

impl Gullible {
    fn says(&self, system: &str, document: &str) -> String {
        let passage = |from: usize, words: usize| {
            let all: Vec<&str> = system.split_whitespace().collect();
            let from = from % all.len();
            all[from..(from + words).min(all.len())].join(" ")
        };
        match *self.habit.lock().unwrap() {
            Habit::Everything => format!("{system}\n{document}"),
            Habit::Instructions => system.to_owned(),
            Habit::Document => document.to_owned(),
            Habit::Passage(from, words) => passage(from, words),
            Habit::Reversed(from) => passage(from, 20).chars().rev().collect(),
            Habit::Spelled(from) => passage(from, 20).chars().map(|c| format!("{c} ")).collect(),
        }
    }
}

/// The one model of all providers.
struct Only(Arc<Gullible>);

#[async_trait]
impl Provider for Only {
    async fn complete(&self, _paid: &Paid, ask: &Ask<'_>) -> Result<Completion, CallError> {
        let document: Vec<&str> = ask.input.messages.iter().filter_map(words_of_user).collect();
        let document = document.join("\n");
        self.0.seen.lock().unwrap().push(format!("{}\n{document}", ask.input.system));
        let reply = self.0.says(&ask.input.system, &document);
        let text = serde_json::json!({ "reply": reply, "sure": true }).to_string();
        let usage = Some(Usage { input: 10, output: 10, ..Usage::default() });
        Ok(Completion { text, usage, ..Completion::default() })
    }

    async fn stream(&self, _paid: &Paid, _ask: &Ask<'_>) -> Result<Box<dyn Deltas>, CallError> {
        Err(CallError::Unreachable("it streams nothing".to_owned()))
    }

    async fn embed(&self, _paid: &Paid, _model: &str, _texts: &[String]) -> Result<Embeddings, CallError> {
        Err(CallError::Unreachable("it embeds nothing".to_owned()))
    }
}

fn words_of_user(message: &Message) -> Option<&str> {
    match message {
        Message::User(text) => Some(text),
        _ => None,
    }
}

impl ProviderSource for Only {
    fn provider(
        &self,
        _name: &str,
        _entry: &ProviderEntry,
    ) -> Result<Option<Arc<dyn Provider>>, CatalogueError> {
        Ok(Some(Arc::new(Only(Arc::clone(&self.0)))))
    }
}

/// Everything of two tenants, given away as the contract of the port allows it.
struct Shelf(Vec<MemoryItem>);

#[async_trait]
impl Memory for Shelf {
    async fn recall(&self, tenant: &TenantId, recall: &Recall) -> Result<Vec<Recalled>, MemoryError> {
        let allowed = self.0.iter().filter(|item| item.tenant == *tenant && recall.allows(item));
        let recalled = |item: &MemoryItem| Recalled {
            item: item.clone(),
            score: 1.0,
            words_rank: Some(1),
            meaning_rank: None,
            decay: 1.0,
        };
        Ok(allowed.take(recall.limit).map(recalled).collect())
    }

    async fn find(&self, _tenant: &TenantId, _item: &MemoryId) -> Result<Option<MemoryItem>, MemoryError> {
        unreachable!("deciding only recalls")
    }

    async fn find_same(&self, _: &TenantId, _: &MemoryItem) -> Result<Option<MemoryItem>, MemoryError> {
        unreachable!("deciding only recalls")
    }

    async fn list(
        &self,
        _: &TenantId,
        _: &MemoryFilter,
        _: PageRequest,
    ) -> Result<Vec<MemoryItem>, MemoryError> {
        unreachable!("deciding only recalls")
    }

    async fn stats(&self, _: &TenantId) -> Result<MemoryStats, MemoryError> {
        unreachable!("deciding only recalls")
    }

    async fn rebuild(&self, _: &TenantId) -> Result<(), MemoryError> {
        unreachable!("deciding only recalls")
    }
}

fn catalogue() -> Catalogue {
    let task = |task: &Task| {
        format!(
            "[tasks.{task}]\nmodels = [\"near/small\"]\ntimeout_ms = 2000\ndeadline_ms = 20000\ntries = 1\ntemperature = 0.4\n"
        )
    };
    let tasks: String = Task::ALL.iter().map(task).collect();
    let rest = r#"
[calling]
first_pause_ms = 200
longest_pause_ms = 5000
reserve_quantile = 0.9
reservation_grace_ms = 60000
cache_entries = 100

[breaker]
failures_to_open = 3
open_us = 30000000
open_max_us = 300000000
probes = 1
successes_to_close = 1
probe_timeout_us = 60000000

[providers.near]
protocol = "openai"
base_url = "http://near.example"
concurrency = 4

[models."near/small"]
price = { input = 1, cached = 1, output = 1 }

[embedding]
models = ["near/vectors"]
timeout_ms = 2000
deadline_ms = 20000
tries = 1
"#;
    Catalogue::alone(&format!("{rest}\n{tasks}")).unwrap()
}

/// A tenant that trusts its model, and another one of the same agency.
struct Trusting {
    world: World,
    model: Arc<Gullible>,
}

impl Trusting {
    fn new(habit: Habit, poison: &[String]) -> Self {
        let mut world = World::with(trusting());
        let clock: Arc<dyn Clock> = Arc::new(world.clock.clone());
        let model = Arc::new(Gullible { habit: Mutex::new(habit), seen: Mutex::default() });
        let registry = prometheus::Registry::new();
        let parts = RouterParts {
            ledger: Arc::new(MemoryLedger::default()),
            watch: Arc::new(NoWatch),
            clock: Arc::clone(&clock),
            ids: world.ports.ids.clone(),
            tasks: world.ports.tasks.clone(),
            metrics: LlmMetrics::register(&registry).unwrap(),
        };
        let router = Router::new(parts, catalogue(), &Only(Arc::clone(&model))).unwrap();
        let local = Arc::new(OfflineProvider::new(Arc::clone(&clock)).unwrap());
        world.ports.llm = Arc::new(Cascade::new(local, router, clock));
        world.ports.memory = Arc::new(Shelf(shelf(&world, poison)));
        Self { world, model }
    }
}

fn shelf(world: &World, poison: &[String]) -> Vec<MemoryItem> {
    use MemoryKind::{ApprovedAnswer, BrandFact, Interaction, Person};
    let ids = &world.ports.ids;
    let (ours, theirs) = (world.context.tenant.id, TenantId::new(ids));
    let item = |tenant, kind, visibility, text: &str| {
        MemoryItem::new(MemoryId::new(ids), tenant, kind, visibility, text, "test", noon())
    };
    let mut items = vec![
        item(ours, BrandFact, Visibility::Internal, NOTE),
        item(theirs, BrandFact, Visibility::Customer, OF_PETRA),
        item(ours, BrandFact, Visibility::Customer, "We ship to Spain within three days."),
    ];
    for kind in [Person, Interaction] {
        items.push(MemoryItem { person: Some("77".into()), ..item(ours, kind, Visibility::Internal, NOTE) });
        items.push(MemoryItem { person: Some("99".into()), ..item(ours, kind, Visibility::Customer, NOTE) });
    }
    for text in poison {
        let title = Some(text.chars().take(400).collect());
        items.push(item(ours, ApprovedAnswer, Visibility::Customer, "Yes.").titled(title));
        items.push(item(ours, BrandFact, Visibility::Customer, text));
    }
    items
}

/// A line of the corpus, or what becomes of some.
fn line() -> impl Strategy<Value = String> {
    let lines: Vec<String> = attacks().into_iter().chain(obeyed()).map(|sample| sample.text).collect();
    let kind = vec!["I love this, you are the best!".to_owned(), "thank you so much 💛".to_owned()];
    let one = prop_oneof![3 => select(lines), 1 => select(kind)];
    (prop::collection::vec(one, 1..4), 0..7_u8, any::<prop::sample::Index>()).prop_map(
        |(parts, change, cut)| {
            let text = parts.join(" ");
            let letters: Vec<char> = text.chars().collect();
            let end = cut.index(letters.len().max(1));
            match change {
                0 => text.to_uppercase(),
                1 => letters[..end].iter().collect(),
                2 => letters[end..].iter().collect(),
                3 => letters.iter().flat_map(|c| [*c, '\u{200b}']).collect(),
                4 => letters.iter().rev().collect(),
                _ => text,
            }
        },
    )
}

/// So many letters in a row of `secret` stand in `text`.
fn gives_away(text: &str, secret: &str) -> bool {
    let letters = |text: &str| plain(text).chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let (text, secret) = (letters(text), letters(secret));
    let backwards: String = text.chars().rev().collect();
    let runs: Vec<char> = secret.chars().collect();
    runs.windows(40).any(|run| {
        let run: String = run.iter().collect();
        text.contains(&run) || backwards.contains(&run)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_mixed_together_neither_instructions_nor_notes_leave_by_themselves(
        said in prop::collection::vec(line(), 1..4),
        name in proptest::option::of(line()),
        poison in prop::collection::vec(line(), 0..3),
        habit in habit(),
        in_public in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let stage = Trusting::new(habit, &poison);
            let world = &stage.world;
            for text in &said {
                let event = if in_public {
                    let person = Person { id: "77".into(), username: name.clone() };
                    world.comment_by(person, text, None)
                } else {
                    world.message(text)
                };
                let decided = world.happens(&event).await;
                let acted = decided.decision.as_ref().is_some_and(|it| it.outcome == Outcome::Act);
                for words in said_by(&decided) {
                    prop_assert!(acted);
                    for system in stage.model.seen.lock().unwrap().iter() {
                        let instructions = system.split("\n{\"").next().unwrap_or_default();
                        prop_assert!(!gives_away(&words, instructions), "{words}");
                    }
                    prop_assert!(!gives_away(&words, NOTE) && !gives_away(&words, OF_PETRA), "{words}");
                }
            }
            for seen in stage.model.seen.lock().unwrap().iter() {
                prop_assert!(!seen.contains("Quintero"), "a note was shown to a model");
                prop_assert!(!seen.contains("blue book"), "another tenant's fact was shown to a model");
            }
            Ok(())
        })?;
    }
}

/// The property above says nothing when no model is ever asked.
#[tokio::test]
async fn the_gullible_model_is_asked_and_what_it_says_is_stopped() {
    for habit in [Habit::Everything, Habit::Instructions, Habit::Document, Habit::Passage(3, 30)] {
        let stage = Trusting::new(habit, &[]);
        let decided = stage.world.happens(&stage.world.message("I love this dress, you are the best!")).await;
        let seen = stage.model.seen.lock().unwrap().clone();
        assert!(seen.iter().any(|seen| seen.contains("You write for")), "{habit:?}");
        assert!(said_by(&decided).is_empty(), "{habit:?}");
    }
}

#[tokio::test]
async fn what_in_memory_reads_like_an_order_is_told_to_no_model_and_listed_on_the_trace() {
    for attack in attacks().into_iter().filter(|attack| attack.kind == "memory") {
        let poison = attack.text.replace(" || ", " ");
        let stage = Trusting::new(Habit::Document, std::slice::from_ref(&poison));
        let decided = stage.world.happens(&stage.world.message("I love this dress, you are the best!")).await;
        let seen = stage.model.seen.lock().unwrap().clone();
        let told = serde_json::to_string(&poison).unwrap();
        assert!(seen.iter().all(|seen| !seen.contains(told.trim_matches('"'))), "{poison}");
        assert!(seen.iter().any(|seen| seen.contains("We ship to Spain")), "the other facts are told");
        let decision = decided.decision.unwrap();
        let memory = decision.trace.iter().find(|done| done.step == tenants::decision::Step::Memory).unwrap();
        assert!(memory.summary.contains("2 left out"), "{}", memory.summary);
        assert_eq!(memory.details["left_out"].as_array().map(Vec::len), Some(2));
    }
}
