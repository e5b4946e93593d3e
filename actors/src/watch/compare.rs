//! What is missing: pure comparisons.

use std::collections::HashSet;
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::event::EventKind;
use tenants::ports::{MediaMark, Seen, SeenItem, SeenMedia};

/// Kinds under which a comment or message may be known, whoever told of it.
pub(super) const KINDS: [EventKind; 6] = [
    EventKind::Comment,
    EventKind::LiveComment,
    EventKind::OwnComment,
    EventKind::Message,
    EventKind::StoryReply,
    EventKind::Echo,
];

/// Media whose comments must be read, the newest first: those whose number of comments has changed.
pub(super) fn media_to_read<'m>(media: &'m [SeenMedia], seen: &Seen) -> Vec<&'m SeenMedia> {
    let has_changed = |media: &&SeenMedia| {
        let before = seen.media.get(&media.id).map_or(0, |mark| mark.comments);
        // Where Instagram does not count, there is no telling.
        media.comments.is_none_or(|now| now != before)
    };
    let mut changed: Vec<&SeenMedia> = media.iter().filter(has_changed).collect();
    changed.sort_by_key(|media| std::cmp::Reverse(media.posted_at));
    changed
}

/// Notes how many comments a media has. What has left the list of recent media is forgotten.
pub(super) fn note_media(seen: &mut Seen, media: &[SeenMedia], read: &HashSet<&str>) {
    let marks = media.iter().map(|media| {
        let mut mark: MediaMark = seen.media.get(&media.id).cloned().unwrap_or_default();
        if read.contains(media.id.as_str()) {
            mark.comments = media.comments.unwrap_or(0);
        }
        (media.id.clone(), mark)
    });
    seen.media = marks.collect();
}

/// What was found, compared with what the inbox has.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Compared {
    /// What no webhook has told, what the account wrote itself first.
    pub missing: Vec<SeenItem>,
    /// Something that no webhook has told yet, but still may.
    pub is_early: bool,
    /// When the latest of those was written that were known.
    pub latest_known: Option<Timestamp>,
}

/// Parts what is missing from what is known. `ours` are ids of our own replies and messages, of which no webhook is
/// needed.
///
/// What the account wrote itself comes first: when a person has answered from the phone, the conversation is theirs
/// before the question is looked at.
pub(super) fn compare(
    items: Vec<SeenItem>,
    known: &HashSet<String>,
    ours: &HashSet<String>,
    now: Timestamp,
    grace: Duration,
) -> Compared {
    let mut compared = Compared::default();
    let mut taken = HashSet::new();
    for item in items {
        if ours.contains(&item.external_id) || !taken.insert(item.external_id.clone()) {
            continue;
        }
        if known.contains(&item.external_id) {
            compared.latest_known = compared.latest_known.max(Some(item.written_at));
        } else if now.since(item.written_at) < grace {
            compared.is_early = true;
        } else {
            compared.missing.push(item);
        }
    }
    compared.missing.sort_by_key(|item| (!is_own(item.kind), item.written_at));
    compared
}

fn is_own(kind: EventKind) -> bool {
    matches!(kind, EventKind::OwnComment | EventKind::Echo)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tenants::event::{CommentBody, EventBody, Person};

    const NOW: Timestamp = Timestamp::from_millis(1_772_600_767_000);

    fn item(id: &str, kind: EventKind, minutes_ago: u64) -> SeenItem {
        SeenItem {
            kind,
            external_id: id.to_owned(),
            conversation_key: format!("comment:{id}"),
            written_at: NOW - Duration::from_secs(minutes_ago * 60),
            body: EventBody::Comment(CommentBody {
                comment_id: id.to_owned(),
                parent_id: None,
                media_id: None,
                media_product_type: None,
                from: Person { id: "1".to_owned(), username: None },
                text: "hi".to_owned(),
            }),
            raw: serde_json::Value::Null,
        }
    }

    fn set(ids: &[&str]) -> HashSet<String> {
        ids.iter().map(|id| (*id).to_owned()).collect()
    }

    fn missing(compared: &Compared) -> Vec<&str> {
        compared.missing.iter().map(|item| item.external_id.as_str()).collect()
    }

    #[test]
    fn what_is_neither_known_nor_ours_nor_too_young_is_missing() {
        let items = ["known", "ours", "lost"].map(|id| item(id, EventKind::Comment, 10)).to_vec();
        let items = [items, vec![item("young", EventKind::Comment, 0)]].concat();
        let compared = compare(items, &set(&["known"]), &set(&["ours"]), NOW, Duration::from_secs(60));
        assert_eq!(missing(&compared), ["lost"]);
        assert!(compared.is_early);
        assert_eq!(compared.latest_known, Some(NOW - Duration::from_secs(600)));
    }

    #[test]
    fn what_is_listed_twice_is_missing_once() {
        let items = vec![item("a", EventKind::Comment, 10), item("a", EventKind::Comment, 10)];
        assert_eq!(missing(&compare(items, &set(&[]), &set(&[]), NOW, Duration::ZERO)), ["a"]);
    }

    #[test]
    fn a_persons_own_answer_is_taken_in_before_the_question_it_answers() {
        let items = vec![
            item("question", EventKind::Message, 10),
            item("older", EventKind::Message, 20),
            item("answer", EventKind::Echo, 5),
        ];
        let compared = compare(items, &set(&[]), &set(&[]), NOW, Duration::ZERO);
        assert_eq!(missing(&compared), ["answer", "older", "question"]);
    }

    #[test]
    fn only_media_whose_number_of_comments_has_changed_are_read() {
        let media = |id: &str, comments: Option<u64>, days: u64| SeenMedia {
            id: id.to_owned(),
            posted_at: NOW - Duration::from_secs(days * 86_400),
            comments,
            likes: None,
            permalink: None,
        };
        let all = [media("same", Some(2), 3), media("more", Some(3), 2), media("untold", None, 1)];
        let mut seen = Seen::default();
        note_media(
            &mut seen,
            &[media("same", Some(2), 3), media("more", Some(2), 2)],
            &["same", "more"].into(),
        );
        let ids: Vec<_> = media_to_read(&all, &seen).iter().map(|media| media.id.as_str()).collect();
        assert_eq!(ids, ["untold", "more"]);
        // One that was not read this time is read the next.
        note_media(&mut seen, &all, &["untold"].into());
        assert_eq!(media_to_read(&all, &seen).len(), 2);
        // One that has left the list is forgotten.
        note_media(&mut seen, &all[1..], &HashSet::new());
        assert!(!seen.media.contains_key("same"));
    }
}
