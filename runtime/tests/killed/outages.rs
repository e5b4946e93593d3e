//! The database is full, locked, or gone, under load. Webhooks are refused until it works again, nothing that was
//! taken is missing afterwards, and the node goes on by itself.

use std::process::Command;
use std::time::Duration;

use storage::testing::{PostgresServer, TestDatabase};
use tenants::clock::{Clock, SystemClock};

use crate::books::{assert_nothing_lost_or_doubled, until_settled};
use crate::dice::Dice;
use crate::faults::{lose_answers_only, misbehave};
use crate::installation::{Installation, Node, until};
use crate::people::{GREETINGS, People};

const SHOPS: usize = 2;
/// People who write before, during and after an outage.
const EACH: usize = 150;
/// Longer than a transaction may take, than SQLite waits for a lock, and than a webhook waits for the database.
const LONGER_THAN_ANY_TIMEOUT: Duration = Duration::from_secs(12);
/// Outages begin at a moment within this time of people's writing.
const AT_WORK: Duration = Duration::from_millis(500);

/// A node at work, and people who write to it.
struct Scene {
    installation: Installation,
    node: Node,
    people: People,
    dice: Dice,
}

impl Scene {
    async fn set(database: TestDatabase) -> Self {
        let installation = Installation::new(database, SHOPS).await;
        let node = installation.serve_without_file_size_signals().await;
        installation.subscribe().await;
        installation.greet(GREETINGS).await;
        misbehave(&installation.sandbox);
        Self { installation, node, people: People::default(), dice: Dice::new() }
    }

    fn people_write(&mut self) {
        self.people.write(&self.installation.sandbox, &self.installation.shops, EACH);
    }

    /// People write; when this returns the node is in the middle of it.
    async fn begin_work(&mut self) {
        self.people_write();
        SystemClock.sleep(self.dice.moment(AT_WORK)).await;
    }

    /// More people write, and are told to come again, since `refused` webhooks were refused.
    async fn until_refused(&mut self, refused: u64) {
        self.people_write();
        let installation = &self.installation;
        until("webhooks are refused", async || installation.webhooks_answered_with(503).await > refused)
            .await;
    }

    async fn refused(&self) -> u64 {
        self.installation.webhooks_answered_with(503).await
    }

    /// The database works again: so does the node, without anybody's help.
    async fn end(mut self) {
        self.people_write();
        lose_answers_only(&self.installation.sandbox);
        until_settled(&self.installation).await;
        self.node.assert_lives();
        self.node.kill();
        assert_nothing_lost_or_doubled(&self.installation, &self.people).await;
        self.installation.sandbox.stop().await;
    }
}

/// A full disk, as a limit to the size of files. The error is another one than that of a full disk (`EFBIG`, not
/// `ENOSPC`); SQLite takes both for a write that failed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_webhooks_and_loses_nothing_until_there_is_room_again() {
    if !has_prlimit() {
        return;
    }
    let mut scene = Scene::set(TestDatabase::sqlite()).await;
    for _ in 0..2 {
        let refused = scene.refused().await;
        scene.begin_work().await;
        limit_files_of(&scene.node, "0");
        scene.until_refused(refused).await;
        limit_files_of(&scene.node, "unlimited");
    }
    scene.end().await;
}

/// Says when a full disk cannot be played here.
pub fn has_prlimit() -> bool {
    let is_there = Command::new("prlimit").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("prlimit (util-linux) not found: a full disk is not tried");
    }
    is_there
}

pub fn limit_files_of(node: &Node, bytes: &str) {
    let mut command = Command::new("prlimit");
    command.args(["--pid", &node.id().to_string(), &format!("--fsize={bytes}:")]);
    assert!(command.status().expect("prlimit runs").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_locked_by_another_program_refuses_webhooks_and_loses_nothing_until_it_is_free() {
    let mut scene = Scene::set(TestDatabase::sqlite()).await;
    let refused = scene.refused().await;
    scene.begin_work().await;
    let lockout = scene.installation.database.lock_out().await;
    scene.until_refused(refused).await;
    SystemClock.sleep(LONGER_THAN_ANY_TIMEOUT).await;
    scene.people_write();
    lockout.end().await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_and_started_again_refuses_webhooks_meanwhile_and_loses_nothing() {
    // Says when PostgreSQL is not here, and whether it must be.
    let (Some(_), Some(server)) = (TestDatabase::postgres().await, PostgresServer::start()) else { return };
    let mut scene = Scene::set(TestDatabase::on(&server).await).await;
    for _ in 0..3 {
        let refused = scene.refused().await;
        scene.begin_work().await;
        tokio::task::block_in_place(|| server.crash());
        scene.until_refused(refused).await;
        tokio::task::block_in_place(|| server.restart());
    }
    scene.end().await;
}
