//! When tokens are renewed, and what becomes of it.

use std::sync::Arc;
use std::time::Duration;

use tenants::account::{Account, AccountStatus, LoginFlavour, SealedSecret};
use tenants::alert::{NewAlert, Severity};
use tenants::changes::Change;
use tenants::clock::Timestamp;
use tenants::connect::{ConnectChange, TokenFacts, TokenTrouble};
use tenants::effect::ErrorCategory;
use tenants::ports::{Refreshed, TenantContext};

use super::refresh::{Due, due};
use super::refresh_tokens;
use crate::Ports;
use crate::testing::{ScriptedConnections, Shop, World, coded_refusal};

const HOUR: Duration = Duration::from_secs(3_600);

fn days(days: u32) -> Duration {
    24 * HOUR * days
}

/// A shop whose token was stored 30 days ago and lives for 60 days.
struct Stage {
    world: World,
    shop: Shop,
    connections: Arc<ScriptedConnections>,
    ports: Ports,
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        let connections = Arc::new(ScriptedConnections::default());
        let mut ports = world.ports.clone();
        ports.connector = connections.clone();
        ports.connections = connections.clone();
        let shop = world.shop();
        let stage = Self { world, shop, connections, ports };
        stage.connections.script().facts = vec![stage.facts(days(30), Some(days(30)))];
        stage
    }

    fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    fn facts(&self, age: Duration, left: Option<Duration>) -> TokenFacts {
        TokenFacts {
            account: self.shop.account,
            set_at: Some(self.now() - age),
            expires_at: left.map(|left| self.now() + left),
            scopes: Vec::new(),
            granted_by: None,
            failures: 0,
            retry_at: None,
            trouble: None,
            error: None,
            subscribed_at: Some(self.now()),
        }
    }

    fn context(&self) -> TenantContext {
        self.world.store.data().contexts[&self.shop.tenant].clone()
    }

    fn account(&self) -> Account {
        self.context().accounts.remove(0)
    }

    async fn tick(&self, age: Duration, left: Option<Duration>) -> Vec<Change> {
        self.connections.script().facts = vec![self.facts(age, left)];
        refresh_tokens(&self.ports, &self.context()).await.unwrap()
    }

    fn will(&self, answer: Result<Refreshed, tenants::ports::SendError>) {
        self.connections.script().refreshes.push_back(answer);
    }
}

fn renewed() -> Refreshed {
    let token = SealedSecret { key_id: "k1".to_owned(), sealed: vec![7] };
    Refreshed { token, lives_for: Some(days(60)), scopes: Vec::new() }
}

fn connects(changes: &[Change]) -> Vec<&ConnectChange> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::Connect(change) => Some(change),
            _ => None,
        })
        .collect()
}

fn raised(changes: &[Change]) -> Vec<&NewAlert> {
    changes
        .iter()
        .filter_map(|change| match change {
            Change::RaiseAlert(alert, _) => Some(alert.as_ref()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_token_is_renewed_in_its_last_ten_days_or_at_fifty_days_of_age_and_never_in_its_first() {
    let stage = Stage::new();
    let account = stage.account();
    let due_at = |age, left| due(&account, &stage.facts(age, left), stage.now());
    assert_eq!(due_at(days(30), Some(days(30))), Due::Nothing);
    assert_eq!(due_at(days(49), Some(days(11))), Due::Nothing);
    assert_eq!(due_at(days(49), Some(days(10))), Due::Renewal);
    assert_eq!(due_at(days(50), Some(days(90))), Due::Renewal);
    assert_eq!(due_at(HOUR * 23, Some(days(1))), Due::Nothing, "Instagram refuses younger ones");
    assert_eq!(due_at(HOUR * 24, Some(days(1))), Due::Renewal);
    assert_eq!(due_at(HOUR * 23, None), Due::Nothing);
    assert_eq!(due_at(HOUR * 24, None), Due::Renewal, "then its end is known");
    assert_eq!(due_at(days(60), Some(Duration::ZERO)), Due::End);
}

#[test]
fn tokens_that_cannot_be_renewed_are_left_alone() {
    let stage = Stage::new();
    let late = stage.facts(days(55), Some(days(5)));
    let due_for = |account: Account, facts: &TokenFacts| due(&account, facts, stage.now());
    let facebook = Account { flavour: LoginFlavour::Facebook, ..stage.account() };
    assert_eq!(due_for(facebook.clone(), &late), Due::Nothing);
    assert_eq!(due_for(facebook, &TokenFacts { expires_at: None, ..late.clone() }), Due::Nothing);
    for status in [AccountStatus::Disconnected, AccountStatus::Expired] {
        assert_eq!(due_for(Account { status, ..stage.account() }, &late), Due::Nothing);
    }
    assert_eq!(due_for(stage.account(), &TokenFacts { set_at: None, ..late }), Due::Nothing);
}

#[tokio::test]
async fn what_a_refresh_gives_is_stored_in_the_place_of_the_very_token_that_was_renewed() {
    let stage = Stage::new();
    stage.will(Ok(renewed()));
    let changes = stage.tick(days(51), Some(days(9))).await;
    let [ConnectChange::Refreshed { account, of, token, expires_at, .. }] = connects(&changes)[..] else {
        panic!("{changes:?}")
    };
    assert_eq!((*account, *of), (stage.shop.account, Some(stage.now() - days(51))));
    assert_eq!((token, *expires_at), (&renewed().token, Some(stage.now() + days(60))));
    let resolved = changes.iter().filter(|change| matches!(change, Change::ResolveAlert { .. })).count();
    assert_eq!(resolved, 2, "warnings about it are over");
}

#[tokio::test]
async fn a_refused_refresh_marks_the_account_with_words_that_say_what_to_do() {
    let rows = [
        (190, Some(460), TokenTrouble::PasswordChanged, AccountStatus::Disconnected, "new password"),
        (190, Some(463), TokenTrouble::Expired, AccountStatus::Expired, "ran out"),
        (
            190,
            Some(459),
            TokenTrouble::Checkpoint,
            AccountStatus::Disconnected,
            "log in to it at instagram.com",
        ),
        (102, None, TokenTrouble::SessionLost, AccountStatus::Disconnected, "connect it again"),
        (104, None, TokenTrouble::ProofMissing, AccountStatus::Disconnected, "Require app secret"),
    ];
    for (code, subcode, expected, expected_status, words) in rows {
        let stage = Stage::new();
        stage.will(Err(coded_refusal(ErrorCategory::AuthFailure, Some(code), subcode)));
        let changes = stage.tick(days(51), Some(days(9))).await;
        let [ConnectChange::TokenRefused { status, trouble, alert, .. }] = connects(&changes)[..] else {
            panic!("{changes:?}")
        };
        assert_eq!((*trouble, *status), (expected, expected_status));
        assert!(alert.message.contains(words) && alert.message.contains("@shop"), "{}", alert.message);
        assert_eq!(alert.severity(), Severity::Critical);
    }
}

#[tokio::test]
async fn a_token_that_ran_out_unnoticed_is_told_of_without_asking_instagram() {
    let stage = Stage::new();
    let changes = stage.tick(days(61), Some(Duration::ZERO)).await;
    assert!(matches!(
        connects(&changes)[..],
        [ConnectChange::TokenRefused { status: AccountStatus::Expired, trouble: TokenTrouble::Expired, .. }]
    ));
    assert!(stage.connections.script().refreshed.is_empty());
}

#[tokio::test]
async fn a_failed_refresh_is_tried_again_and_people_are_told_before_it_is_too_late() {
    let stage = Stage::new();
    let mut pauses = Vec::new();
    for failures in 0..7 {
        let facts = TokenFacts { failures, ..stage.facts(days(51), Some(days(9))) };
        stage.connections.script().facts = vec![facts];
        let changes = refresh_tokens(&stage.ports, &stage.context()).await.unwrap();
        let [ConnectChange::RefreshFailed { retry_at: Some(at), .. }] = connects(&changes)[..] else {
            panic!("{changes:?}")
        };
        pauses.push(at.since(stage.now()).as_secs() / 60);
        assert_eq!(raised(&changes).len(), usize::from(failures >= 2), "after {failures} failures");
        assert!(raised(&changes).iter().all(|alert| alert.severity() == Severity::Warning));
    }
    assert_eq!(pauses, [15, 30, 60, 120, 240, 360, 360]);

    let near = stage.tick(days(58), Some(days(2))).await;
    let [alert] = raised(&near)[..] else { panic!("{near:?}") };
    assert_eq!(alert.severity(), Severity::Critical, "at once, however seldom it has failed");
    assert!(alert.dedup_key.starts_with("token_near_end:"), "not a mere repetition of the first warning");
}

#[tokio::test]
async fn webhooks_that_could_not_be_switched_on_are_tried_with_every_tick() {
    let stage = Stage::new();
    let unsubscribed = TokenFacts { subscribed_at: None, ..stage.facts(days(2), Some(days(58))) };
    stage.connections.script().facts = vec![unsubscribed];
    let failed = refresh_tokens(&stage.ports, &stage.context()).await.unwrap();
    assert!(raised(&failed)[0].message.contains("webhooks of @shop"), "{failed:?}");
    stage.connections.script().webhooks_work = true;
    let worked = refresh_tokens(&stage.ports, &stage.context()).await.unwrap();
    assert!(matches!(connects(&worked)[..], [ConnectChange::Subscribed { at: Some(_), .. }]));
}
