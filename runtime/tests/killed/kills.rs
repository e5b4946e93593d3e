//! `kill -9`, again and again, at moments nobody has chosen.

use std::time::Duration;

use storage::testing::TestDatabase;
use tenants::clock::{Clock, SystemClock};
use tenants::effect::EffectState;
use tenants::ports::{Inbox, Outbox};

use crate::books::{assert_nothing_lost_or_doubled, until_settled};
use crate::dice::Dice;
use crate::faults::{lose_answers_only, misbehave};
use crate::installation::{Installation, Node};
use crate::people::{GREETINGS, People};

const KILLS: usize = 25;
const EVENTS: usize = 3_000;
const SHOPS: usize = 4;
/// A process is killed so soon after its start that it may not even have opened the database, …
const STARTING: Duration = Duration::from_millis(120);
/// … or when it has been at work for so long: while it reads what the last one left behind, stores webhooks,
/// decides, stores intents, calls, reads back and stores outcomes, a hundred of each at once.
const WORKING: Duration = Duration::from_millis(2_500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_a_node_killed_again_and_again_loses_and_doubles_nothing() {
    kill_again_and_again(TestDatabase::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_a_node_killed_again_and_again_loses_and_doubles_nothing() {
    let Some(database) = TestDatabase::postgres().await else { return };
    kill_again_and_again(database).await;
}

async fn kill_again_and_again(database: TestDatabase) {
    let mut dice = Dice::new();
    let installation = Installation::new(database, SHOPS).await;
    let mut node = installation.serve().await;
    installation.subscribe().await;
    installation.greet(GREETINGS).await;
    misbehave(&installation.sandbox);

    let mut people = People::default();
    let mut wounds = Wounds::default();
    for life in 0..KILLS {
        people.write(&installation.sandbox, &installation.shops, share(life));
        live(&installation, &mut node, &mut dice).await;
        node.kill();
        wounds.look_at(&installation).await;
        node = installation.start();
    }
    wounds.assert_deep();
    assert_eq!(people.items.len(), EVENTS);
    installation.until_ready(&mut node).await;
    lose_answers_only(&installation.sandbox);
    until_settled(&installation).await;
    node.kill();
    assert_nothing_lost_or_doubled(&installation, &people).await;
    installation.sandbox.stop().await;
}

/// What the kills have cut off, as the database shows it before the next process cleans up.
#[derive(Debug, Default)]
struct Wounds {
    /// Kills that cut off calls, and how many calls.
    calls: (usize, i64),
    /// The same for events that waited for their decision.
    events: (usize, i64),
    /// The same for effects that waited to be read back.
    read_backs: (usize, i64),
}

impl Wounds {
    async fn look_at(&mut self, installation: &Installation) {
        let database = installation.database.open().await;
        let effects = database.effect_counts(None).await.expect("counts");
        let events = database.event_counts().await.expect("counts");
        database.close().await;
        let of = |state| effects.iter().filter(|it| it.state == state).map(|it| it.count).sum::<i64>();
        let undecided = events.iter().map(|(_, received, done)| received - done).sum();
        let found = [
            (&mut self.calls, of(EffectState::Processing)),
            (&mut self.events, undecided),
            (&mut self.read_backs, of(EffectState::Unknown)),
        ];
        for ((kills, total), count) in found {
            *kills += usize::from(count > 0);
            *total += count;
        }
    }

    /// A run whose kills hit nothing would prove nothing.
    fn assert_deep(&self) {
        eprintln!("kills that cut something off, and how much: {self:?}");
        assert!(self.calls.0 > 0 && self.events.0 > 0 && self.read_backs.0 > 0, "{self:?}");
    }
}

/// How many people write during one life; all lives together see all events.
fn share(life: usize) -> usize {
    EVENTS * (life + 1) / KILLS - EVENTS * life / KILLS
}

/// Lets a node live until its moment has come.
async fn live(installation: &Installation, node: &mut Node, dice: &mut Dice) {
    if dice.below(3) == 0 {
        SystemClock.sleep(dice.moment(STARTING)).await;
    } else {
        installation.until_ready(node).await;
        SystemClock.sleep(dice.moment(WORKING)).await;
    }
}
