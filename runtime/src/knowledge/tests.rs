use std::sync::Arc;

use proptest::prelude::*;
use tenants::clock::{ManualClock, Timestamp};
use tenants::ids::Ids;

use super::*;

fn told(format: Format, text: &str) -> Vec<(usize, Option<String>, String)> {
    let reading = read(format, text.as_bytes()).unwrap();
    assert_eq!(reading.problems, []);
    reading.entries.into_iter().map(|entry| (entry.line, entry.title, entry.text)).collect()
}

fn entry(line: usize, title: &str, text: &str) -> (usize, Option<String>, String) {
    (line, (!title.is_empty()).then(|| title.to_owned()), text.to_owned())
}

#[test]
fn markdown_is_cut_at_its_headings_and_lists() {
    let file = "---\ntitle: FAQ\n---\n# Bakery Luz\n\nWe bake since 1912.\nEvery morning.\n\n## Do you ship to Spain?\n\n\
        Yes, in **three** days.\n\n- Islands take five\n\n## Opening hours\n- Mon-Fri 10:00-18:00\n* Sat 11:00-15:00\n\n\
        See [our shop](https://luz.example/shop).\n<!-- not\nfor anybody -->\n";
    assert_eq!(
        told(Format::Markdown, file),
        [
            entry(6, "Bakery Luz", "We bake since 1912.\nEvery morning."),
            entry(9, "Do you ship to Spain?", "Yes, in three days.\n\n- Islands take five"),
            entry(16, "Opening hours", "Mon-Fri 10:00-18:00"),
            entry(17, "Opening hours", "Sat 11:00-15:00"),
            entry(19, "Opening hours", "See our shop (https://luz.example/shop)."),
        ]
    );
}

#[test]
fn questions_and_answers_are_found_in_any_text() {
    let file = "Q: Do you ship to Spain?\nA: Yes.\nIn three days.\n\nStill the answer.\n\n**Q:** Gluten free?\n**A:** No.\n\n\
        Do you deliver?\nOnly in Lisbon.\n\nWe are closed in August.\n";
    let expected = [
        entry(1, "Do you ship to Spain?", "Yes.\nIn three days.\n\nStill the answer."),
        entry(7, "Gluten free?", "No.\n\nDo you deliver?\nOnly in Lisbon.\n\nWe are closed in August."),
    ];
    assert_eq!(told(Format::Text, file), expected);
    let plain = "Do you deliver?\nOnly in Lisbon.\n\nWe are closed in August.\n1. Rye bread is vegan\n2. Cake is not\n";
    assert_eq!(
        told(Format::Text, plain),
        [
            entry(1, "Do you deliver?", "Only in Lisbon."),
            entry(4, "", "We are closed in August."),
            entry(5, "", "Rye bread is vegan"),
            entry(6, "", "Cake is not"),
        ]
    );
}

#[test]
fn a_table_names_its_columns_in_any_order_and_with_any_separator() {
    let file = "answer;question;language;visibility\n\"Yes; in three days\";Ship to Spain?;en;\nNein;Glutenfrei?;DE;internal\n";
    let reading = read(Format::Csv, file.as_bytes()).unwrap();
    assert_eq!(reading.problems, []);
    let [first, second] = &reading.entries[..] else { panic!("{reading:?}") };
    assert_eq!((first.title.as_deref(), first.text.as_str()), (Some("Ship to Spain?"), "Yes; in three days"));
    assert_eq!((first.line, first.language, first.visibility), (2, Some(Language::English), None));
    assert_eq!((second.language, second.visibility), (Some(Language::German), Some(Visibility::Internal)));
}

#[test]
fn every_bad_row_is_named_by_its_line() {
    let file = "question,answer,language\nSpain?,Yes,en\nFrance?,,en\nItaly?,Yes\nPeru?,\"Sí,\nclaro\",xx\nChile?,Sí,es\n";
    let reading = read(Format::Csv, file.as_bytes()).unwrap();
    let lines: Vec<usize> = reading.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 4, 5], "{:?}", reading.problems);
    assert!(reading.problems[0].problem.contains("must not be empty"), "{:?}", reading.problems);
    assert!(reading.problems[2].problem.contains("language"), "{:?}", reading.problems);
    assert_eq!(reading.entries.iter().map(|entry| entry.line).collect::<Vec<_>>(), [2, 7]);
}

#[test]
fn a_table_without_the_needed_columns_is_refused_with_what_is_needed() {
    for (file, needle) in [
        ("fact\nx\n", "unknown column"),
        ("question,text\nx,y\n", "question and answer"),
        ("text,text\nx,y\n", "twice"),
        ("language\nen\n", "question and answer"),
        ("", "question and answer"),
    ] {
        let problem = read(Format::Csv, file.as_bytes()).unwrap_err().to_string();
        assert!(problem.contains(needle), "{file}: {problem}");
    }
}

#[test]
fn what_is_too_large_too_much_or_no_text_is_refused() {
    let large = vec![b'a'; MAX_FILE + 1];
    assert_eq!(read(Format::Text, &large), Err(Unreadable::TooLarge(MAX_FILE + 1)));
    let many = "x\n\n".repeat(MAX_ITEMS + 1);
    assert_eq!(read(Format::Text, many.as_bytes()), Err(Unreadable::TooMany(MAX_ITEMS + 1)));
    let rows = format!("text\n{}", "x\n".repeat(MAX_ITEMS + 1));
    assert_eq!(read(Format::Csv, rows.as_bytes()), Err(Unreadable::TooMany(MAX_ITEMS + 1)));
    assert_eq!(read(Format::Text, b"fine\n\xff\xfe"), Err(Unreadable::NotText(2)));
    for empty in ["", "\n \n", "\u{feff}"] {
        assert_eq!(read(Format::Markdown, empty.as_bytes()), Err(Unreadable::Empty), "{empty:?}");
    }
    let long = read(Format::Text, "word ".repeat(2_000).as_bytes()).unwrap();
    assert_eq!((long.entries.len(), long.problems[0].line), (0, 1));
}

#[test]
fn hidden_characters_do_not_come_in() {
    let file = "We ship\u{202e} to\0 Spain\u{200b}\u{7}.";
    assert_eq!(told(Format::Text, file), [entry(1, "", "We ship to Spain.")]);
}

#[test]
fn a_question_without_an_answer_is_told() {
    for (format, file) in [
        (Format::Text, "Q: Ship to Spain?\n\nQ: Gluten free?\nA: No.\n"),
        (Format::Markdown, "# Ship?\n# Gluten free?\nNo.\n"),
    ] {
        let reading = read(format, file.as_bytes()).unwrap();
        assert_eq!((reading.entries.len(), reading.problems[0].line), (1, 1), "{reading:?}");
    }
}

#[test]
fn an_import_is_one_unit_of_work_and_replaces_what_has_its_name() {
    let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
    let act = Act { by: "cli".into(), at: Timestamp::from_micros(9), ids: &ids };
    let tenant = TenantId::new(&ids);
    let entries = read(Format::Text, b"One fact.\n\nAnother fact.").unwrap().entries;
    let import = Import { name: "faq.txt".into(), visibility: Visibility::Customer, replace: true };
    let changes = act.import(tenant, &import, &entries, 100);
    assert!(
        matches!(&changes.list[0], Change::Forget(Forgetting::Source(source)) if source == "import:faq.txt")
    );
    assert!(
        changes.list[1..3]
            .iter()
            .all(|change| matches!(change, Change::Remember(item) if item.tenant == tenant))
    );
    assert!(matches!(changes.list[3], Change::LimitMemory { most: 100 }));
    assert!(matches!(&changes.list[4], Change::Audit(entry) if entry.event_type == "memory.imported"));
}

proptest! {
    #[test]
    fn whatever_a_file_holds_reading_it_is_bounded_and_gives_usable_items(text in any::<String>(), marks in "[#*`_\\[\\]()<>!\\-|:\"',;\\n\\t qQaA?1.]{0,300}") {
        for format in [Format::Text, Format::Markdown, Format::Csv] {
            for file in [&text, &marks, &format!("text\n{marks}"), &format!("question,answer\n{marks}")] {
                if let Ok(reading) = read(format, file.as_bytes()) {
                    prop_assert!(reading.entries.iter().all(|entry| !entry.text.trim().is_empty() && entry.line > 0));
                    prop_assert!(reading.problems.len() <= MAX_PROBLEMS);
                }
            }
        }
    }
}

#[test]
fn a_file_of_brackets_and_marks_is_read_in_time_that_grows_with_its_size_only() {
    // Anything that looks at the rest of the line at every mark would need hours for these.
    let one_line = |piece: &str| piece.repeat(MAX_FILE / piece.len());
    for piece in ["[", " `\t", " _\t*", "[a](", "[a](b[", "](", "[]", "[a](b)", "*_`[", "\u{3000}*\u{3000}_"]
    {
        let told = markdown::read(&one_line(piece));
        assert!(told.len() <= 1, "{piece:?} became {} items", told.len());
    }
    let file = format!("{}\n", "[".repeat(MAX_LINE)).repeat(MAX_FILE / (MAX_LINE + 1));
    assert!(!read(Format::Markdown, file.as_bytes()).unwrap().problems.is_empty());
}

#[test]
fn a_line_that_nobody_wrote_is_refused_with_its_number() {
    let file = format!("We bake bread.\n{}\n", "x".repeat(MAX_LINE + 1));
    for format in [Format::Text, Format::Markdown, Format::Csv] {
        assert_eq!(read(format, file.as_bytes()), Err(Unreadable::LongLine(2)));
    }
}

#[test]
fn links_and_marks_that_are_not_closed_stay_as_they_are() {
    for (written, shown) in [
        ("see [our shop](https://luz.example", "see [our shop](https://luz.example"),
        ("[[a](https://luz.example)]", "[a (https://luz.example)]"),
        ("[a] and [b](https://luz.example) and [c](", "[a] and b (https://luz.example) and [c]("),
        ("a [b", "a [b"),
        ("snake_case *and* **more**", "snake_case and more"),
    ] {
        assert_eq!(told(Format::Markdown, written), [entry(1, "", shown)], "{written}");
    }
}
