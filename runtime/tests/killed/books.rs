//! The reckoning: what people wrote, what they see, and what the node has written down, item by item.

use std::collections::{BTreeMap, HashMap, HashSet};

use storage::Database;
use tenants::audit::AuditEntry;
use tenants::effect::EffectState;
use tenants::event::EventKind;
use tenants::ports::{AuditLog, EffectCount, Inbox, Outbox};

use crate::installation::{Installation, until};
use crate::people::{Kind, People, Seen};

/// Only so many particulars of what is wrong are shown.
const SHOWN: usize = 15;

/// Waits until every webhook has been taken, every event decided and every effect come to its end; a node must run.
pub async fn until_settled(installation: &Installation) {
    let database = installation.database.open().await;
    until("everything has settled", async || {
        let events = database.event_counts().await.expect("counts");
        let effects = database.effect_counts(None).await.expect("counts");
        if installation.sandbox.pending_deliveries() > 0 || !all_done(&events) {
            return false;
        }
        hurry(installation).await;
        all_settled(&effects)
    })
    .await;
    database.close().await;
}

fn all_done(events: &[(EventKind, i64, i64)]) -> bool {
    !events.is_empty() && events.iter().all(|(_, received, done)| received == done)
}

fn all_settled(effects: &[EffectCount]) -> bool {
    effects.iter().all(|count| count.state.is_settled())
}

/// What failed more than once waits for minutes. The story does not: for these effects the time has come.
async fn hurry(installation: &Installation) {
    let sql = "update post_queue set next_retry_at = created_at where status = 'failed'";
    installation.database.execute(sql).await.expect("the time of a waiting effect can be moved");
}

/// Fails unless everybody sees exactly what they must, and the node's books say the same.
pub async fn assert_nothing_lost_or_doubled(installation: &Installation, people: &People) {
    assert_everybody_sees_what_they_must(installation, people);
    let database = installation.database.open().await;
    assert_events_and_effects_are_settled(&database, people).await;
    assert_each_event_was_decided_once(&database, people).await;
    database.close().await;
    let chains = installation.run(&["audit", "verify"], "");
    let is_intact = |chain: &serde_json::Value| chain["verdict"]["verdict"] == "intact";
    assert!(chains.as_array().expect("chains").iter().all(is_intact), "{chains}");
}

fn assert_everybody_sees_what_they_must(installation: &Installation, people: &People) {
    let report = installation.sandbox.effects();
    let visible: HashMap<&str, _> = report.items.iter().map(|it| (it.inbound.id.as_str(), it)).collect();
    let mut wrong = Vec::new();
    for item in &people.items {
        let (expected, now) = (item.expected(), Seen::of(visible[item.id.as_str()]));
        if now != expected {
            wrong.push(format!("{} ({:?}) must see {expected:?} and sees {now:?}", item.from, item.kind));
        }
    }
    let particulars = &wrong[..wrong.len().min(SHOWN)];
    assert!(wrong.is_empty(), "{} of {} items: {particulars:#?}", wrong.len(), people.items.len());
    assert!(report.doubled.is_empty(), "doubled: {:?}", report.doubled);
    assert!(report.repeated.is_empty(), "repeated: {:?}", report.repeated);
    // Whatever was done is what somebody had to see: nothing answers nobody, nothing was hidden a second time.
    assert_eq!(report.effects.len(), people.items.len(), "{:?}", report.totals);
}

async fn assert_events_and_effects_are_settled(database: &Database, people: &People) {
    let events = database.event_counts().await.expect("counts");
    let decided = |kind: EventKind| -> i64 {
        events.iter().filter(|(of, ..)| *of == kind).map(|(_, _, done)| done).sum()
    };
    let comments = people.count(&[Kind::Praise, Kind::Spam]);
    assert_eq!(decided(EventKind::Comment), comments as i64, "{events:?}");
    assert_eq!(decided(EventKind::Message), people.count(&[Kind::Message]) as i64, "{events:?}");
    let effects = database.effect_counts(None).await.expect("counts");
    let sent: i64 = effects.iter().filter(|it| it.state == EffectState::Sent).map(|it| it.count).sum();
    assert_eq!(sent, people.items.len() as i64, "{effects:?}");
    assert!(effects.iter().all(|it| it.state == EffectState::Sent), "{effects:?}");
}

/// Each comment and each message that came in led to one decision, and each effect to one entry that it was sent.
async fn assert_each_event_was_decided_once(database: &Database, people: &People) {
    let mut decisions: BTreeMap<String, usize> = BTreeMap::new();
    let mut sent = HashSet::new();
    let mut words_of_people = 0;
    for chain in database.audit_chains().await.expect("chains") {
        let mut after = 0;
        loop {
            let entries = database.audit_since(&chain, after, 1_000).await.expect("entries");
            let Some(last) = entries.last() else { break };
            after = last.seq;
            for entry in &entries {
                match entry.event_type.as_str() {
                    "decision.made" => {
                        *decisions.entry(event_of(entry)).or_default() += 1;
                        words_of_people += usize::from(is_of_people(entry));
                    }
                    "effect.sent" => {
                        let is_new = sent.insert(entry.resource_id.clone());
                        assert!(is_new, "{} was written down as sent twice", entry.resource_id);
                    }
                    _ => {}
                }
            }
        }
    }
    let twice: Vec<_> = decisions.iter().filter(|(_, count)| **count > 1).take(SHOWN).collect();
    assert!(twice.is_empty(), "decided more than once: {twice:?}");
    assert_eq!(words_of_people, people.items.len(), "decisions about what people wrote");
    assert_eq!(sent.len(), people.items.len(), "entries about effects that were sent");
}

fn event_of(entry: &AuditEntry) -> String {
    entry.details.value()["event"].as_str().expect("a decision names its event").to_owned()
}

fn is_of_people(entry: &AuditEntry) -> bool {
    ["comment", "message"].iter().any(|kind| entry.details.value()["event_kind"] == *kind)
}
