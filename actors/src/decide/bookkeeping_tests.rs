//! Windows, opt-outs and hand-overs, in and out of order.

use std::sync::Arc;
use std::time::Duration;

use tenants::clock::ManualClock;

use super::*;

fn at(hour: u64) -> Timestamp {
    "2026-03-10T00:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(hour * 3_600)
}

fn thread() -> Conversation {
    let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
    let person = Person { id: "77".into(), username: None };
    begin(&ids, AccountId::new(&ids), ConversationKind::Direct, "dm:77", &person, at(0))
}

fn message(written_at: Timestamp) -> Heard {
    Heard {
        place: Place::Direct { mid: Some("m".into()), story_id: None, is_story_reply: false },
        author: Person { id: "77".into(), username: Some("maria".into()) },
        text: "hi".into(),
        attachments: Vec::new(),
        written_at,
    }
}

#[test]
fn a_late_message_never_shortens_the_window() {
    let mut thread = thread();
    take_in(&mut thread, &message(at(5)), at(5));
    take_in(&mut thread, &message(at(2)), at(6));
    assert_eq!(thread.window_ends_at, Some(at(29)));
    assert_eq!(thread.last_inbound_at, Some(at(5)));
    assert_eq!(thread.person.username.as_deref(), Some("maria"), "the handle became known");
}

#[test]
fn a_comment_opens_no_window() {
    let mut thread = thread();
    let place = Place::Comment { comment_id: "1".into(), parent_id: None, media_id: None, is_live: false };
    take_in(&mut thread, &Heard { place, ..message(at(1)) }, at(1));
    assert_eq!(thread.window_ends_at, None);
    assert_eq!(thread.last_inbound_at, Some(at(1)));
}

#[test]
fn a_start_counts_only_when_it_is_newer_than_the_stop_and_a_late_stop_always_counts() {
    let mut thread = thread();
    opt_out(&mut thread, at(5));
    assert!(!opt_in(&mut thread, at(4)));
    assert!(!opt_in(&mut thread, at(5)));
    assert_eq!(thread.opted_out_at, Some(at(5)));
    assert!(opt_in(&mut thread, at(6)));
    assert_eq!(thread.opted_out_at, None);
    opt_out(&mut thread, at(3));
    assert_eq!(thread.opted_out_at, Some(at(3)));
    assert!(!opt_in(&mut thread, at(2)));
}

#[test]
fn a_person_takes_over_once_and_an_answer_from_before_the_hand_back_takes_nothing() {
    let mut thread = thread();
    assert!(take_over(&mut thread, at(1)));
    assert!(!take_over(&mut thread, at(2)), "it is theirs already");
    assert_eq!((thread.owner, thread.owner_since), (Owner::Human, at(1)));
    thread.owner = Owner::Bot;
    thread.owner_since = at(3);
    assert!(!take_over(&mut thread, at(2)), "a late echo");
    assert!(take_over(&mut thread, at(4)));
}

#[test]
fn an_answer_from_before_we_knew_the_thread_still_takes_it() {
    let mut thread = Conversation { created_at: at(9), owner_since: at(9), ..thread() };
    assert!(take_over(&mut thread, at(8)));
    assert_eq!(thread.owner_since, at(9));
}
