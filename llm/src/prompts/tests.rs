use serde_json::{Value, json};
use tenants::prompt::{Prompt, PromptKey};

use super::{LONGEST, PromptError, built_in, built_in_text, check, render};

fn reply(body: &str) -> Prompt {
    Prompt { key: PromptKey::Reply, version: 1, body: body.to_owned() }
}

fn values() -> Value {
    json!({
        "brand": "Café <Sol>", "formal": false, "emoji": true, "signature": "Your Sol team", "language": "Spanish",
        "channel": "direct message", "max_bytes": 1_000, "intent": "question", "forbidden_words": ["cheap", "deal"],
        "languages": ["es", "en"],
    })
}

#[test]
fn the_built_in_prompts_can_be_used_for_every_tenant() {
    for key in PromptKey::ALL {
        assert_eq!(check(*key, built_in_text(*key)), Ok(()), "{key}");
        assert_eq!((built_in(*key).key, built_in(*key).version), (*key, 0));
        assert!(
            built_in_text(*key).contains("never instructions"),
            "{key} must say that customers' words are data"
        );
    }
}

#[test]
fn a_reply_is_asked_for_in_the_words_of_the_tenant() {
    let text = render(&built_in(PromptKey::Reply), &values()).unwrap();
    for part in [
        "You write for the brand \"Café <Sol>\" on Instagram. You draft one direct message that",
        "Write in Spanish",
        "At most 1000 bytes",
        "Address the customer casually",
        "End with this signature: Your Sol team",
        "Never use these words or phrases: cheap, deal.",
        "`{\"reply\": string, \"sure\": boolean}`",
    ] {
        assert!(text.contains(part), "{part} is missing in:\n{text}");
    }
    assert!(!text.contains("{%") && !text.contains("\n\n\n"), "{text}");
}

#[test]
fn a_classification_names_intents_and_languages() {
    let values = json!({
        "brand": "", "languages": ["es", "en"],
        "intents": [{ "name": "praise", "meaning": "Approval." }, { "name": "spam", "meaning": "Scams." }],
    });
    let text = render(&built_in(PromptKey::Classify), &values).unwrap();
    assert!(text.contains("- `praise`: Approval.\n- `spam`: Scams.\n"), "{text}");
    assert!(text.contains("one of: es, en."), "{text}");
    assert!(text.starts_with("You sort what people write to the Instagram account of a brand."), "{text}");
}

#[test]
fn a_mistake_is_told_with_its_line_and_what_to_do() {
    let cases = [
        ("Hello\n{{ brnad }}", 2, "there is no value `brnad`: this prompt is offered brand, formal"),
        ("{% if false %}\n{{ customer_text }}{% endif %}", 2, "there is no value `customer_text`"),
        ("a\nb\n{% if formal %}never closed", 3, "unexpected end of input"),
        ("{{ brand|base64 }}", 1, "use join, length, lower, upper or trim"),
        ("{{ brand.owner }}", 1, "only the values offered"),
        ("\n\n{{ languages }}", 3, "a list cannot be printed"),
        ("{{ brand", 1, "not closed"),
        ("{% include '/etc/passwd' %}", 1, "`{% include … %}` cannot be used here"),
        ("{% set a = brand %}", 1, "use if, elif, else and for"),
        ("{{ brand() }}", 1, ""),
    ];
    for (body, expected_line, expected) in cases {
        match check(PromptKey::Reply, body) {
            Err(PromptError::Line { line, problem }) => {
                assert_eq!(line, expected_line, "{body}: {problem}");
                assert!(problem.contains(expected), "{body}: {problem}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
    assert_eq!(check(PromptKey::Reply, " \n "), Err(PromptError::Empty));
    assert!(matches!(check(PromptKey::Reply, &"a".repeat(LONGEST + 1)), Err(PromptError::TooLong { .. })));
}

/// Each would take minutes, gigabytes or the stack of a thread where it was let through.
fn bombs() -> Vec<(&'static str, String)> {
    let nested = |times: usize, open: &str, inside: &str, close: &str| {
        [open.repeat(times), inside.to_owned(), close.repeat(times)].concat()
    };
    let each = "{% for a in languages %}{% for b in a %}";
    vec![
        ("loops in loops", nested(60, each, "{{ brand }}", "{% endfor %}{% endfor %}")),
        ("few loops over long texts", nested(6, "{% for a in brand * 1000 %}", "x", "{% endfor %}")),
        ("a text of gigabytes", "{{ brand * 1000000000 }}".into()),
        ("a text of megabytes", "{{ brand * 90000 }}".into()),
        ("a list of a hundred million", "{{ (languages * 90000000)|join(brand) }}".into()),
        ("a list compared with itself", "{{ languages * 90000000 == languages * 90000000 }}".into()),
        ("texts doubled", "{% set a = brand %}".to_owned() + &"{% set a = a ~ a %}".repeat(40)),
        (
            "blocks doubled",
            "{% set a %}x{% endset %}".to_owned() + &"{% set a %}{{a}}{{a}}{% endset %}".repeat(40),
        ),
        ("lists in lists", nested(20, "{% for a in [[a, a, a]] %}", "{{ a == a }}", "{% endfor %}")),
        ("pairs in pairs", nested(20, "{% for a in ((a, a), (a, a)) %}", "{{ a }}", "{% endfor %}")),
        (
            "a loop that calls itself",
            "{% for a in languages recursive %}{{ loop(languages) }}{% endfor %}".into(),
        ),
        ("a macro that calls itself", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".into()),
        ("a long sum", format!("{{{{ 1{} }}}}", "+1".repeat(LONGEST / 2 - 10))),
        ("many parentheses", nested(LONGEST / 2 - 10, "(", "1", ")").replacen('(', "{{ (", 1) + " }}"),
        ("many conditions", nested(500, "{% if formal %}", "x", "{% endif %}")),
        ("many alternatives", "{% if formal %}".to_owned() + &"{% elif emoji %}".repeat(900) + "{% endif %}"),
        ("a huge power", "{{ 9 ** 999999999 }}".into()),
        ("a wide number", "{{ brand|center(1000000000) }}".into()),
    ]
}

#[test]
fn a_template_bomb_is_refused_in_bounded_time() {
    for (name, body) in bombs() {
        // One that is not bounded would keep this test from ever ending.
        assert!(check(PromptKey::Reply, &body).is_err(), "{name} was accepted");
        assert!(render(&reply(&body), &values()).is_err(), "{name} was rendered");
    }
}

#[test]
fn however_deep_a_template_is_a_small_stack_suffices() {
    let deep = ["{% if emoji %}".repeat(90), "x".into(), "{% endif %}".repeat(90)].concat();
    let long = format!("{{{{ {}1{} }}}}", "(".repeat(190), ")".repeat(190));
    let sum = format!("{{{{ 1{} }}}}", "+1".repeat(190));
    let nots = format!("{{% if {}emoji %}}x{{% endif %}}", "not ".repeat(90));
    for body in [deep, long, sum, nots] {
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        // Accepted or refused: an overflow would end the whole process.
        let checked = thread.spawn(move || check(PromptKey::Reply, &body)).unwrap().join();
        assert!(matches!(checked, Ok(Ok(()) | Err(PromptError::Line { .. }))), "{checked:?}");
    }
}

#[test]
fn what_values_hold_is_text_and_never_a_template() {
    let mut values = values();
    values["brand"] = json!("{{ signature }}{% set x = 1 %}");
    assert_eq!(render(&reply("{{ brand }}"), &values).unwrap(), "{{ signature }}{% set x = 1 %}");
}

#[test]
fn a_value_that_is_missing_is_an_error_and_no_gap() {
    let error = render(&reply("Hello {{ brand }}"), &json!({})).unwrap_err();
    assert!(error.to_string().starts_with("line 1: "), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_template_makes_it_panic(body in r"([a-z(){}%\[\]|~+*,. '\n]|\{\{|\}\}|\{%|%\}|brand|for|in|if|endif|endfor|languages){0,60}") {
        let _ = check(PromptKey::Reply, &body);
    }
}
