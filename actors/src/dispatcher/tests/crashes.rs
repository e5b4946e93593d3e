//! A crash at every point: whatever was under way, each effect becomes visible exactly once.
//!
//! How completeness is known. A process changes the world only through its ports, and every call of a port that the
//! dispatcher makes is two steps: one before the world has heard of it, one after the world has done it and before
//! the process hears the answer. Dying anywhere else is the same as dying at the next step. The stories count the
//! steps of a process, let it die at each of them, and let another one clean up; they do so for every answer
//! Instagram can give. With `Trouble` a write is refused, or stored without the process hearing of it, and the
//! process lives on (and then dies at each of its steps). At the end the calls of ports found in the dispatcher's
//! sources are compared with the points at which a process has died: a new await of the effect path that no story
//! reaches fails the test.

use std::collections::BTreeSet;

use tenants::account::AccountStatus;
use tenants::conversation::ConversationKind;
use tenants::effect::{Effect, EffectState, ErrorCategory, SkipReason};
use tenants::ids::{AccountId, EffectId};
use tenants::ports::SendError;
use tenants::settings::TenantSettings;

use super::instagram::{Answer, error, forbidden, rate_limited};
use super::stage::{Stage, hide, message, minutes, reply, seconds};
use crate::testing::{Point, Shop, Steps, Trouble, assert_died_at_every_call};

/// What Instagram answers while the first process and its successors work.
#[derive(Debug, Clone, Default)]
struct Weather {
    /// To the first calls; later ones are done.
    answers: Vec<Answer>,
    /// To the first read-backs; later ones tell the truth.
    unreadable: Vec<SendError>,
    /// Effects may end without having been sent.
    may_end_unsent: bool,
    /// The comment `c1` has been deleted, so nobody can say whether it was answered.
    is_c1_gone: bool,
    /// Read-backs show nothing: an Instagram on which no promise can stand.
    shows_nothing: bool,
}

/// Every answer a call or a read-back can get.
fn weathers() -> Vec<Weather> {
    let calls = |answers: &[Answer]| Weather { answers: answers.to_vec(), ..Weather::default() };
    let refusals =
        |answer: Answer| Weather { may_end_unsent: true, ..calls(&[(); 3].map(|()| answer.clone())) };
    let refused = |category: ErrorCategory| Answer::Refused(error(category));
    vec![
        calls(&[]),
        calls(&[Answer::DoneUnheard]),
        calls(&[Answer::DoneUnheard, refused(ErrorCategory::Unknown), Answer::DoneUnheard]),
        calls(&[refused(ErrorCategory::Unknown)]),
        calls(&[refused(ErrorCategory::Transient)]),
        calls(&[rate_limited(seconds(60), false)]),
        calls(&[refused(ErrorCategory::AuthFailure)]),
        refusals(refused(ErrorCategory::Permanent)),
        refusals(forbidden(SkipReason::TargetGone)),
        Weather { is_c1_gone: true, ..refusals(refused(ErrorCategory::Unknown)) },
        Weather {
            unreadable: [ErrorCategory::Transient, ErrorCategory::RateLimit, ErrorCategory::AuthFailure]
                .map(error)
                .to_vec(),
            ..calls(&[Answer::DoneUnheard])
        },
    ]
}

/// How a story ended.
struct Ending {
    stage: Stage,
    weather: Weather,
    effects: Vec<EffectId>,
    /// Where the first process died.
    died_at: Option<Point>,
    /// Writes it began.
    writes: usize,
}

/// A process works as `steps` say; if it dies, others clean up after it.
async fn story(weather: &Weather, steps: Steps, second_crash: Option<usize>) -> Ending {
    let mut stage = Stage::new();
    let mut settings = TenantSettings::default();
    settings.comms.typing_seconds = 2;
    let shop = stage.shop_with(settings);
    let effects = queue_one_of_each(&stage, shop);
    stage.instagram.will(weather.answers.clone());
    {
        let mut walls = stage.instagram.walls();
        walls.unreadable.extend(weather.unreadable.clone());
        walls.shows_nothing = weather.shows_nothing;
        walls.gone.extend(weather.is_c1_gone.then(|| reply("c1", "Thank you!")));
    }
    let first = stage.restart(steps);
    stage.pass(seconds(30)).await;
    if let Some(more_steps) = second_crash {
        stage.restart(Steps::stopping_at(more_steps));
        stage.pass(seconds(30)).await;
    }
    let mut is_first = second_crash.is_none();
    if !is_first {
        stage.restart(Steps::default());
    }
    for _ in 0..30 {
        // As long as it lives, it has to clean up by itself.
        if is_first && first.died_at().is_some() {
            stage.restart(Steps::default());
            is_first = false;
        }
        if stage.account_status(shop) != AccountStatus::Active {
            stage.reconnect(shop);
        }
        stage.pass(minutes(1)).await;
        if effects.iter().all(|effect| stage.state(*effect).is_settled()) {
            break;
        }
    }
    let died_at = first.died_at();
    // Whatever would still be sent now would be sent twice.
    stage.restart(Steps::default());
    stage.pass(minutes(10)).await;
    Ending { stage, weather: weather.clone(), effects, died_at, writes: first.writes() }
}

/// Two equal messages in one conversation, a reply to a comment that waits for it, a comment to be hidden, a message
/// to somebody who wants none, and two effects whose account has gone: one waits, the answer to the other was lost.
fn queue_one_of_each(stage: &Stage, shop: Shop) -> Vec<EffectId> {
    let direct = stage.conversation(shop, ConversationKind::Direct, "dm:p1");
    let silent = stage.conversation(shop, ConversationKind::Direct, "dm:p2");
    stage.change_conversation(silent, |row| row.opted_out_at = Some(row.created_at));
    stage.comment(shop, "c1", stage.conversation(shop, ConversationKind::CommentThread, "thread:c1"));
    let stranger = AccountId::new(&stage.world.ports.ids);
    let in_direct = |effect: &mut Effect| effect.conversation = Some(direct);
    vec![
        stage.put(shop, message("p1", "Ok"), in_direct),
        stage.put(shop, message("p1", "Ok"), in_direct),
        stage.put(shop, reply("c1", "Thank you!"), |_| {}),
        stage.put(shop, hide("c2"), |_| {}),
        stage.put(shop, message("p2", "Hello?"), |effect| effect.conversation = Some(silent)),
        stage.put(shop, reply("c3", "Who is there?"), |effect| effect.account = stranger),
        stage.put(shop, reply("c4", "Was I here?"), |effect| {
            (effect.account, effect.state) = (stranger, EffectState::Unknown);
        }),
    ]
}

impl Ending {
    /// What is wrong with it, if anything.
    fn complaint(&self) -> Option<String> {
        use EffectState::{Dlq, Sent, Skipped};
        let states = self.stage.states(&self.effects);
        let must_be_sent = states[..4].iter().all(|state| *state == Sent);
        let is_settled = states.iter().all(|state| [Sent, Skipped, Dlq].contains(state));
        if !is_settled || !(must_be_sent || self.weather.may_end_unsent) {
            return Some(format!("not settled as they must be: {states:?}"));
        }
        if states[4..] != [Skipped, Dlq, Dlq] {
            return Some(format!("something was sent that must not be: {states:?}"));
        }
        self.effects.iter().find_map(|effect| self.complaint_about(*effect))
    }

    /// An effect must be visible as often as it was sent, and be closed in the books once.
    fn complaint_about(&self, effect: EffectId) -> Option<String> {
        let row = self.stage.effect(effect);
        let same = |other: &&EffectId| self.stage.effect(**other).action == row.action;
        let is_sent = |other: &&EffectId| self.stage.state(**other) == EffectState::Sent;
        let sent = self.effects.iter().filter(same).filter(is_sent).count();
        let visible =
            self.stage.instagram.walls().visible.iter().filter(|it| it.action == row.action).count();
        let cannot_be_known = self.weather.is_c1_gone && row.action == reply("c1", "Thank you!");
        if visible != sent && !(cannot_be_known && visible <= 1) {
            return Some(format!("{:?} is {visible} times visible and {sent} times sent", row.action));
        }
        let history = self.stage.history(effect);
        let closing = ["effect.sent", "effect.skipped", "effect.dead_lettered"];
        let closed = history.iter().filter(|entry| closing.contains(&entry.as_str())).count();
        (closed != 1).then(|| format!("{:?} was closed {closed} times: {history:?}", row.action))
    }

    #[track_caller]
    fn assert_exactly_once(&self, case: &str) {
        let complaint = self.complaint();
        assert_eq!(complaint, None, "{case}, died at {:?}, {:?}", self.died_at, self.weather);
    }
}

/// Lets a process die at each of its steps; where it did.
async fn crash_everywhere(weather: &Weather, trouble: Option<(usize, Trouble)>) -> BTreeSet<Point> {
    let mut deaths = BTreeSet::new();
    for step in 0.. {
        let steps = Steps::stopping_at(step);
        let steps = match trouble {
            Some((write, trouble)) => steps.with_trouble(write, trouble),
            None => steps,
        };
        let ending = story(weather, steps, None).await;
        ending.assert_exactly_once(&format!("crash after {step} steps with {trouble:?}"));
        match ending.died_at {
            Some(point) => _ = deaths.insert(point),
            None => break,
        }
    }
    deaths
}

#[tokio::test]
async fn every_effect_is_visible_exactly_once_wherever_the_process_dies() {
    let mut deaths = BTreeSet::new();
    for weather in weathers() {
        deaths.extend(crash_everywhere(&weather, None).await);
    }
    // The database fails the very process that dies, so it has to clean up after itself first.
    for trouble in [Trouble::Refused, Trouble::Unheard] {
        for write in [1, 4] {
            deaths.extend(crash_everywhere(&weathers()[0], Some((write, trouble))).await);
        }
    }
    // Asked by the API for a forecast; the way of an effect does not come by.
    let beside_the_way = ["waiting_effects"];
    assert_died_at_every_call("src/dispatcher", &["store", "messenger"], &beside_the_way, &deaths);
}

#[tokio::test]
async fn every_effect_is_visible_exactly_once_whichever_write_fails_or_is_not_told() {
    for weather in weathers() {
        for trouble in [Trouble::Refused, Trouble::Unheard] {
            for write in 0.. {
                let ending = story(&weather, Steps::default().with_trouble(write, trouble), None).await;
                ending.assert_exactly_once(&format!("{trouble:?} at write {write}"));
                if ending.writes <= write {
                    break;
                }
            }
        }
    }
}

#[tokio::test]
async fn a_second_crash_while_cleaning_up_changes_nothing() {
    for weather in &weathers()[..4] {
        for first in (20..60).step_by(8) {
            for second in (0..96).step_by(5) {
                let ending = story(weather, Steps::stopping_at(first), Some(second)).await;
                ending.assert_exactly_once(&format!("crashes after {first} and {second} steps"));
            }
        }
    }
}

/// The proof of these proofs: on an Instagram whose read-backs find nothing, effects are doubled, and that is seen.
#[tokio::test]
async fn stories_on_an_instagram_that_shows_nothing_are_found_out() {
    let weather = Weather { answers: vec![Answer::DoneUnheard], shows_nothing: true, ..Weather::default() };
    let complaint = story(&weather, Steps::default(), None).await.complaint().unwrap();
    assert!(complaint.contains("2 times visible and 1 times sent"), "{complaint}");
}

#[tokio::test]
async fn a_loop_that_died_goes_on_without_disturbing_what_was_under_way() {
    let stage = Stage::new();
    let shop = stage.shop();
    stage.instagram.walls().closed = true;
    let under_way = stage.queue(shop, reply("c1", "one"));
    stage.rest().await;
    // A second runner waits until the first has ended; it then finds the call still under way.
    let second = stage.dispatcher.clone();
    let runner = stage.world.ports.tasks.spawn("second", async move { second.run().await });
    let waiting = stage.queue(shop, reply("c2", "two"));
    stage.rest().await;
    assert_eq!(stage.states(&[under_way, waiting]), [EffectState::Processing; 2]);
    stage.instagram.open();
    stage.pass(minutes(1)).await;
    assert_eq!(stage.states(&[under_way, waiting]), [EffectState::Sent; 2]);
    assert_eq!(stage.instagram.walls().calls.len(), 2);
    stage.world.ports.tasks.stop();
    runner.await.unwrap();
}
