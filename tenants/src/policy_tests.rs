//! What the gate lets through, case by case and for any case at all.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::clock::ManualClock;
use crate::conversation::ConversationKind;
use crate::effect::{LikeTarget, ReplyTarget};
use crate::ids::{AccountId, ConversationId, Ids};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-03-10T12:00:00Z")
}

fn maria() -> Person {
    Person { id: "77".into(), username: Some("maria".into()) }
}

fn conversation(kind: ConversationKind) -> Conversation {
    let ids = Ids::seeded(Arc::new(ManualClock::at(0)), 1);
    Conversation {
        id: ConversationId::new(&ids),
        account: AccountId::new(&ids),
        kind,
        key: "key".into(),
        person: maria(),
        owner: Owner::Bot,
        owner_since: noon() - DAY,
        window_ends_at: None,
        opted_out_at: None,
        last_inbound_at: None,
        last_outbound_at: None,
        disclosed_at: None,
        assigned_to: None,
        created_at: noon() - DAY,
        updated_at: noon() - DAY,
    }
}

fn direct(window_ends_at: Option<Timestamp>) -> Conversation {
    Conversation { window_ends_at, ..conversation(ConversationKind::Direct) }
}

fn comment_thread() -> Conversation {
    conversation(ConversationKind::CommentThread)
}

fn reply() -> Action {
    Action::ReplyComment { target: ReplyTarget::Comment { comment_id: "1".into() }, text: "hi".into() }
}

fn private_reply() -> Action {
    Action::PrivateReply { comment_id: "1".into(), text: "hi".into() }
}

fn send_dm() -> Action {
    Action::SendDm { recipient_id: "77".into(), text: "hi".into() }
}

fn reply_dm() -> Action {
    Action::ReplyDm { recipient_id: "77".into(), mid: "m".into(), text: "hi".into() }
}

fn love() -> Action {
    Action::Like { target: LikeTarget::Message { recipient_id: "77".into(), mid: "m".into() } }
}

fn like() -> Action {
    Action::Like { target: LikeTarget::Comment { comment_id: "1".into() } }
}

fn hide() -> Action {
    Action::HideComment { comment_id: "1".into() }
}

fn judged(change: impl FnOnce(&mut Scene)) -> Gate {
    let mut scene = Scene {
        text: "do you ship to spain?".into(),
        is_own: false,
        thread: direct(Some(noon() + DAY)),
        other_direct: None,
        is_direct: true,
        written_at: noon(),
        settings: TenantSettings::default(),
        status: TenantStatus::Active,
        quiet_until: None,
    };
    change(&mut scene);
    let incoming = Incoming {
        author: &maria(),
        is_own: scene.is_own,
        text: &scene.text,
        is_direct: scene.is_direct,
        written_at: scene.written_at,
        thread: &scene.thread,
        direct: scene.other_direct.as_ref(),
    };
    gate(&incoming, &scene.settings, scene.status, scene.quiet_until, noon())
}

struct Scene {
    text: String,
    is_own: bool,
    thread: Conversation,
    other_direct: Option<Conversation>,
    is_direct: bool,
    written_at: Timestamp,
    settings: TenantSettings,
    status: TenantStatus,
    quiet_until: Option<Timestamp>,
}

#[test]
fn the_gate_names_the_first_reason_for_silence() {
    let silent = |reason| Gate::Silent { reason };
    let opted_out = || Conversation { opted_out_at: Some(noon()), ..direct(Some(noon() + DAY)) };
    assert_eq!(judged(|_| {}), Gate::Open);
    assert_eq!(judged(|s| s.is_own = true), silent(SilenceReason::OwnText));
    assert_eq!(judged(|s| s.status = TenantStatus::Suspended), silent(SilenceReason::TenantSuspended));
    assert_eq!(judged(|s| s.text = " Stop! ".into()), silent(SilenceReason::StopWord));
    assert_eq!(judged(|s| s.text = "ARRÊT".into()), silent(SilenceReason::StopWord));
    assert_eq!(judged(|s| s.text = "start".into()), silent(SilenceReason::StartWord));
    assert_eq!(judged(|s| s.text = "please stop by".into()), Gate::Open);
    assert_eq!(judged(|s| s.thread = opted_out()), silent(SilenceReason::OptedOut));
    assert_eq!(judged(|s| s.thread.owner = Owner::Human), silent(SilenceReason::HumanHasThread));
    assert_eq!(
        judged(|s| s.settings.blocked_authors = vec!["@Maria".into()]),
        silent(SilenceReason::AuthorBlocked)
    );
    assert_eq!(
        judged(|s| s.settings.blocked_authors = vec!["77".into()]),
        silent(SilenceReason::AuthorBlocked)
    );
    assert_eq!(judged(|s| s.written_at = noon() - DAY), silent(SilenceReason::WindowClosed));
    assert_eq!(judged(|s| s.quiet_until = Some(noon() + HOUR)), Gate::Quiet { until: noon() + HOUR });
}

#[test]
fn who_opted_out_in_direct_messages_is_not_answered_under_comments_either_and_commands_count_in_private_only()
{
    let comment = |scene: &mut Scene| {
        scene.is_direct = false;
        scene.thread = comment_thread();
    };
    let opted_out = Conversation { opted_out_at: Some(noon()), ..direct(None) };
    let answer = judged(|scene| {
        comment(scene);
        scene.other_direct = Some(opted_out);
    });
    assert_eq!(answer, Gate::Silent { reason: SilenceReason::OptedOut });
    let answer = judged(|scene| {
        comment(scene);
        scene.text = "stop".into();
        scene.written_at = noon() - 3 * DAY;
    });
    assert_eq!(answer, Gate::Open, "a comment has no window, and its STOP is a word like any other");
}

#[test]
fn a_command_is_a_whole_message_without_case_and_punctuation() {
    let words = vec!["stop".to_owned(), "basta".to_owned()];
    for command in ["stop", "STOP", "Stop.", "¡basta!", " stop\n", "\"stop\""] {
        assert!(is_command(command, &words), "{command}");
    }
    for other in ["", "!!!", "non stop", "stopp", "st op"] {
        assert!(!is_command(other, &words), "{other}");
    }
}

#[test]
fn the_reasons_for_skipping_are_named() {
    let open = direct(Some(noon() + HOUR));
    let closed = direct(Some(noon() + WINDOW_MARGIN));
    let thread = comment_thread();
    let human = Conversation { owner: Owner::Human, ..open.clone() };
    let taken_thread = Conversation { owner: Owner::Human, ..thread.clone() };
    let opted_out = Conversation { opted_out_at: Some(noon()), ..open.clone() };
    let old = noon() - 7 * DAY;
    let facts = |thread, direct| SendFacts { thread, direct, ..SendFacts::default() };
    let of_comment =
        |direct| SendFacts { comment_written_at: Some(noon() - DAY), ..facts(Some(&thread), direct) };
    let cases: Vec<(Action, SendFacts<'_>, Result<(), SkipReason>)> = vec![
        (reply_dm(), facts(Some(&open), Some(&open)), Ok(())),
        (send_dm(), facts(Some(&open), None), Ok(())),
        (send_dm(), facts(Some(&closed), Some(&closed)), Err(SkipReason::WindowClosed)),
        (send_dm(), facts(None, None), Err(SkipReason::WindowClosed)),
        (love(), facts(Some(&closed), Some(&closed)), Err(SkipReason::WindowClosed)),
        (send_dm(), facts(Some(&human), Some(&human)), Err(SkipReason::HumanTookOver)),
        (send_dm(), SendFacts { approved_by_person: true, ..facts(Some(&human), Some(&human)) }, Ok(())),
        (send_dm(), facts(Some(&opted_out), Some(&opted_out)), Err(SkipReason::OptedOut)),
        (
            send_dm(),
            SendFacts { approved_by_person: true, ..facts(Some(&opted_out), None) },
            Err(SkipReason::OptedOut),
        ),
        (reply(), of_comment(None), Ok(())),
        (reply(), of_comment(Some(&human)), Ok(())),
        (reply(), of_comment(Some(&opted_out)), Err(SkipReason::OptedOut)),
        (reply(), facts(Some(&taken_thread), None), Err(SkipReason::HumanTookOver)),
        (private_reply(), of_comment(None), Ok(())),
        (private_reply(), of_comment(Some(&human)), Err(SkipReason::HumanTookOver)),
        (
            private_reply(),
            SendFacts { private_reply_used: true, ..of_comment(None) },
            Err(SkipReason::AlreadyReplied),
        ),
        (
            private_reply(),
            SendFacts { comment_written_at: Some(old), ..of_comment(None) },
            Err(SkipReason::PrivateReplyExpired),
        ),
        (
            private_reply(),
            SendFacts { comment_written_at: None, ..of_comment(None) },
            Err(SkipReason::PrivateReplyExpired),
        ),
        (hide(), facts(Some(&taken_thread), Some(&opted_out)), Ok(())),
        (like(), facts(Some(&taken_thread), None), Ok(())),
    ];
    let settings = TenantSettings::default();
    for (action, facts, expected) in cases {
        let answer = may_send(&action, &facts, &settings, TenantStatus::Active, noon());
        assert_eq!(answer, expected, "{action:?} with {facts:?}");
        let suspended = may_send(&action, &facts, &settings, TenantStatus::Suspended, noon());
        assert_eq!(suspended, Err(SkipReason::TenantSuspended));
    }
}

#[test]
fn nothing_is_said_to_a_blocked_author_unless_a_person_wants_it() {
    let settings = TenantSettings { blocked_authors: vec!["maria".into()], ..TenantSettings::default() };
    let thread = comment_thread();
    let facts = SendFacts { thread: Some(&thread), ..SendFacts::default() };
    let answer = |facts: &SendFacts<'_>| may_send(&reply(), facts, &settings, TenantStatus::Active, noon());
    assert_eq!(answer(&facts), Err(SkipReason::AuthorBlocked));
    assert_eq!(answer(&SendFacts { approved_by_person: true, ..facts }), Ok(()));
}

#[test]
fn deadlines_are_the_ends_of_the_windows() {
    let window = direct(Some(noon() + HOUR));
    assert_eq!(deadline(&send_dm(), Some(&window), noon()), Some(noon() + HOUR));
    assert_eq!(deadline(&love(), Some(&window), noon()), Some(noon() + HOUR));
    assert_eq!(deadline(&private_reply(), Some(&window), noon()), Some(noon() + 7 * DAY));
    assert_eq!(deadline(&reply(), Some(&window), noon()), None);
    assert_eq!(deadline(&hide(), None, noon()), None);
}

fn any_conversation(kind: ConversationKind) -> impl Strategy<Value = Conversation> {
    let minutes = -3_000i64..3_000;
    (any::<bool>(), proptest::option::of(minutes), any::<bool>()).prop_map(
        move |(human, window, opted_out)| {
            let moment = |minutes: i64| Timestamp::from_micros(noon().as_micros() + minutes * 60_000_000);
            Conversation {
                owner: if human { Owner::Human } else { Owner::Bot },
                window_ends_at: window.map(moment),
                opted_out_at: opted_out.then(noon),
                ..conversation(kind)
            }
        },
    )
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(reply()),
        Just(private_reply()),
        Just(send_dm()),
        Just(reply_dm()),
        Just(love()),
        Just(like()),
        Just(hide())
    ]
}

proptest! {
    #[test]
    fn whatever_may_be_sent_breaks_no_rule(
        action in any_action(),
        thread in proptest::option::of(any_conversation(ConversationKind::CommentThread)),
        direct in proptest::option::of(any_conversation(ConversationKind::Direct)),
        age_minutes in 0u64..15_000,
        private_reply_used in any::<bool>(),
        approved_by_person in any::<bool>(),
    ) {
        let written = noon() - Duration::from_secs(age_minutes * 60);
        let facts = SendFacts {
            thread: thread.as_ref(),
            direct: direct.as_ref(),
            comment_written_at: Some(written),
            private_reply_used,
            approved_by_person,
        };
        let settings = TenantSettings::default();
        if may_send(&action, &facts, &settings, TenantStatus::Active, noon()).is_ok() && action.speaks() {
            let both = || thread.iter().chain(&direct);
            prop_assert!(both().all(|conversation| conversation.opted_out_at.is_none()));
            let is_private = !matches!(action, Action::ReplyComment { .. });
            let human_thread = thread.iter().any(|conversation| conversation.owner == Owner::Human);
            let human_direct = direct.iter().any(|conversation| conversation.owner == Owner::Human);
            prop_assert!(approved_by_person || !(human_thread || (is_private && human_direct)));
            if matches!(action, Action::SendDm { .. } | Action::ReplyDm { .. }) {
                let window = direct.as_ref().or(thread.as_ref()).and_then(|conversation| conversation.window_ends_at);
                prop_assert!(window.is_some_and(|end| noon() < end));
            }
            if matches!(action, Action::PrivateReply { .. }) {
                prop_assert!(!private_reply_used);
                prop_assert!(noon() < written + PRIVATE_REPLY_WINDOW);
            }
        }
    }

    #[test]
    fn what_the_gate_opens_may_be_sent_at_once(
        mut thread in any_conversation(ConversationKind::Direct),
        age_minutes in 0u64..3_000,
        text in "\\PC{0,20}",
    ) {
        let written_at = noon() - Duration::from_secs(age_minutes * 60);
        thread.window_ends_at = thread.window_ends_at.max(Some(written_at + MESSAGING_WINDOW));
        let incoming = Incoming {
            author: &maria(),
            is_own: false,
            text: &text,
            is_direct: true,
            written_at,
            thread: &thread,
            direct: Some(&thread),
        };
        let settings = TenantSettings::default();
        if gate(&incoming, &settings, TenantStatus::Active, None, noon()) == Gate::Open {
            let facts = SendFacts { thread: Some(&thread), direct: Some(&thread), ..SendFacts::default() };
            prop_assert_eq!(may_send(&reply_dm(), &facts, &settings, TenantStatus::Active, noon()), Ok(()));
        }
    }

    #[test]
    fn no_text_makes_the_gate_panic(text in any::<String>()) {
        judged(|scene| scene.text = text);
    }
}
