//! Ending in two steps, in bounded time.

use super::rig::{Rig, SECOND};
use crate::testing::until;

#[tokio::test]
async fn what_is_in_hand_is_finished_and_nothing_new_is_taken_up() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let [first, second] = ["wait", "second"].map(|text| rig.world.comment(shop, "t", text));
    until("it is at work", || rig.working() == 1).await;
    let troupe = rig.troupe.clone();
    let ending =
        rig.world.ports.tasks.spawn("shutdown", async move { troupe.shutdown(SECOND, SECOND).await });
    until("the end has begun", || rig.troupe.is_ending()).await;
    rig.let_through(1);
    assert!(ending.await.unwrap());
    assert!(rig.is_done(first));
    assert!(rig.world.store.data().pending.contains_key(&second));
}

#[tokio::test]
async fn a_hanging_lane_is_cut_and_its_event_stays_in_the_database() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let stuck = rig.world.comment(shop, "t", "hang");
    until("it is at work", || rig.working() == 1).await;
    let troupe = rig.troupe.clone();
    let ending =
        rig.world.ports.tasks.spawn("shutdown", async move { troupe.shutdown(SECOND, SECOND).await });
    rig.world.pass_time_until(SECOND / 4, "it has ended", || ending.is_finished()).await;
    assert!(ending.await.unwrap(), "nothing is at work any more");
    assert_eq!(rig.working(), 0);
    assert!(rig.world.store.data().pending.contains_key(&stuck));
}

#[tokio::test]
async fn after_the_end_no_task_is_left() {
    let rig = Rig::start().await;
    let shop = rig.world.shop();
    let event = rig.world.comment(shop, "t", "hello");
    rig.until_done(&[event]).await;
    assert!(rig.troupe.shutdown(SECOND, SECOND).await);
    assert!(rig.world.ports.tasks.shut_down(SECOND * 5).await);
}
