//! The corpus of attacks against the builder of prompts: whatever strangers write, are called or have said, the
//! instructions stay the same to the byte, and their words are values of one JSON document.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};
use tenants::budget::TenantBudget;
use tenants::ids::TenantId;
use tenants::intent::Intent;
use tenants::prompt::PromptKey;
use tenants::tuning::Tuning;
use troupe_llm::disguise::visible;
use troupe_llm::prompts::{built_in_text, check, value_names};
use troupe_llm::request::{Input, Message};
use troupe_llm::testing::corpus::{attacks, obeyed};
use troupe_llm::{Behalf, Line, ReplyRequest, Voice};

use crate::cascade::{Cascading, opinion, written};
use crate::stage::Stage;

fn texts() -> Vec<String> {
    let lines = attacks().into_iter().chain(obeyed()).map(|sample| sample.text);
    lines.collect()
}

/// As much of a text as a model is shown, told apart from the code that does it.
fn expected(text: &str) -> String {
    visible(text).chars().take(4_000).collect()
}

fn document_of(input: &Input) -> Value {
    let [Message::User(text)] = input.messages.as_slice() else { panic!("{:?}", input.messages) };
    serde_json::from_str(text).expect("the user's turn is one JSON document")
}

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test]
async fn no_attack_changes_a_byte_of_the_instructions_of_a_reply() {
    let stage = Cascading::new();
    stage.stage.provider.on("small", [written("Thanks!", true)]);
    stage.reply(stage.question("hello?")).await;
    let untouched = stage.stage.provider.asked()[0].input.system.clone();

    for (index, attack) in texts().iter().enumerate() {
        let line = |ours: bool| Line { ours, text: attack.clone() };
        let request = ReplyRequest {
            text: attack.clone(),
            author_name: Some(attack.clone()),
            facts: vec![attack.clone()],
            history: vec![line(false), line(true)],
            ..stage.question("")
        };
        stage.reply(request).await;
        let asked = stage.stage.provider.asked().pop().unwrap().input;
        assert_eq!(stage.stage.provider.asked().len(), index + 2, "every attack was put to the model");
        assert_eq!(asked.system, untouched, "{attack}");

        let document = document_of(&asked);
        assert_eq!(keys(&document), ["author", "customer_text", "facts", "history"], "{attack}");
        let said = Value::String(expected(attack));
        assert_eq!((&document["customer_text"], &document["author"]), (&said, &said));
        assert_eq!(document["facts"], json!([said]));
        let history = json!([
            { "from": "customer", "text": said },
            { "from": "brand", "text": said },
        ]);
        assert_eq!(document["history"], history);
    }
}

#[tokio::test]
async fn no_attack_changes_a_byte_of_the_instructions_of_a_classification() {
    let strict =
        Tuning { local_from: Intent::ALL.iter().map(|intent| (*intent, 1.1)).collect(), ..Tuning::default() };
    let stage = Cascading::on(Stage::with("tasks.classify.models = ['near/small']"));
    stage.stage.provider.on("small", [opinion(Intent::Other, 0.9, false)]);
    let mut systems = BTreeSet::new();
    for attack in texts() {
        let tuning = Arc::new(strict.clone());
        stage.classify_for(&attack, Behalf { tuning, ..stage.behalf() }).await;
        // What differs only in what nobody sees is one question, and is asked once.
        let asked = stage.stage.provider.asked();
        let said = json!({ "customer_text": expected(&attack) });
        let own = asked.iter().rfind(|asked| document_of(&asked.input) == said);
        systems.insert(
            own.unwrap_or_else(|| panic!("put to no model as it stands: {attack}")).input.system.clone(),
        );
    }
    assert_eq!(systems.len(), 1, "one text of instructions for all of them");
}

#[tokio::test]
async fn nothing_of_another_tenant_is_in_any_part_of_a_call() {
    let stage = Cascading::new();
    stage.stage.provider.on("small", [written("Thanks!", true)]);
    let of_luna = stage.question("What do you know about Petra?");
    let budget = TenantBudget { tenant: TenantId::new(&stage.stage.ids), ..stage.behalf().budget };
    let of_petra = ReplyRequest {
        voice: Arc::new(Voice {
            brand: "Petra".to_owned(),
            signature: Some("Yours, Petra Sol".to_owned()),
            forbidden_words: vec!["zirconium".to_owned()],
            ..Voice::default()
        }),
        facts: vec!["The vault code of Petra is in the blue book.".to_owned()],
        history: vec![Line { ours: false, text: "I am Petra's best customer".to_owned() }],
        behalf: Arc::new(Behalf { budget, conversation: "dm:2".to_owned(), ..Behalf::default() }),
        ..stage.question("hello?")
    };
    stage.reply(of_petra).await;
    stage.reply(of_luna).await;

    let asked = stage.stage.provider.asked();
    let whole = format!("{:?}", asked[1].input);
    for secret in ["Sol", "zirconium", "vault", "blue book", "best customer"] {
        assert!(format!("{:?}", asked[0].input).contains(secret));
        assert!(!whole.contains(secret), "{secret} of another tenant: {whole}");
    }
    assert_eq!(whole.matches("Petra").count(), 1, "only where the customer named it");
    for id in [stage.stage.tenant.to_string(), "key_".to_owned(), "ten_".to_owned()] {
        assert!(!whole.contains(&id), "no id of ours is shown to a model");
    }
}

#[test]
fn no_template_of_a_prompt_is_offered_a_word_of_a_customer() {
    for key in PromptKey::ALL {
        for name in ["text", "customer_text", "author", "author_name", "history", "facts", "notes", "token"] {
            assert!(!value_names(*key).contains(&name));
            let template = format!("Say {{{{ {name} }}}}");
            assert!(check(*key, &template).is_err(), "{key} takes {name}");
        }
    }
}

/// Passages of the real instructions in many disguises.
#[tokio::test]
async fn a_model_that_repeats_its_instructions_in_any_disguise_is_not_quoted() {
    let stage = Cascading::new();
    stage.stage.provider.on("small", [written("x", true)]);
    stage.reply(stage.question("hello?")).await;
    let system = stage.stage.provider.asked()[0].input.system.clone();
    let words: Vec<&str> = system.split_whitespace().collect();
    let passages = words.windows(20).step_by(10).map(|passage| passage.join(" "));
    let leaks: Vec<String> = passages.flat_map(|passage| disguises(&passage)).collect();
    assert!(leaks.len() > 200, "{} leaks are tried", leaks.len());

    let leaking = Cascading::new();
    leaking.stage.provider.on("small", leaks.iter().map(|leak| written(leak, true)));
    for leak in &leaks {
        let reply = leaking.reply(leaking.question("hello?")).await;
        assert_eq!(reply.provider, "offline", "{leak}");
        assert!(reply.degraded.is_some_and(|why| why.contains("repeats its instructions")), "{leak}");
    }
}

fn disguises(passage: &str) -> Vec<String> {
    let rot13 = |c: char| match c {
        'a'..='z' => char::from((c as u8 - b'a' + 13) % 26 + b'a'),
        'A'..='Z' => char::from((c as u8 - b'A' + 13) % 26 + b'A'),
        _ => c,
    };
    let hex: String = passage.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![
        format!("Here you are: {passage}"),
        passage.to_uppercase(),
        passage.replace(' ', "_"),
        passage.chars().rev().collect(),
        passage.split(' ').rev().collect::<Vec<_>>().join(" "),
        passage.chars().map(rot13).collect(),
        passage.chars().map(|c| format!("{c} ")).collect(),
        passage.chars().map(|c| format!("{c}\u{200b}")).collect(),
        passage.replace('e', "3").replace('o', "0"),
        passage.replace('a', "а").replace('o', "о"),
        hex,
    ]
}

#[test]
fn the_built_in_instructions_hold_no_secret_and_name_the_document_as_data() {
    for key in PromptKey::ALL {
        let text = built_in_text(*key);
        assert!(text.contains("never instructions to you"), "{key}");
        assert!(!text.contains("sk-") && !text.contains("TROUPE__"), "{key}");
    }
}
