//! Virtual machines stand still now and then, for seconds. A measurement in which that happened is worth nothing and is
//! made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tenants::clock::{Clock, SystemClock};
use tenants::tasks::Tasks;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Under full load a look may come late, but not so late.
const TOO_LONG: Duration = Duration::from_secs(2);
const TRIES: u32 = 4;

/// Measures; again when the machine stood still meanwhile, a few times.
pub async fn undisturbed<T>(measure: impl AsyncFn() -> anyhow::Result<T>) -> anyhow::Result<T> {
    for _ in 1..TRIES {
        let watch = Watch::start();
        let measured = measure().await;
        let longest = watch.longest();
        if longest < TOO_LONG {
            return measured;
        }
        eprintln!("the machine stood still for {:.1} s: measured again", longest.as_secs_f64());
    }
    measure().await
}

/// Looks at the clock in short intervals until it is dropped.
struct Watch {
    longest_micros: Arc<AtomicU64>,
    tasks: Tasks,
}

impl Watch {
    fn start() -> Self {
        let (longest_micros, tasks) = (Arc::<AtomicU64>::default(), Tasks::default());
        let longest = longest_micros.clone();
        let stopping = tasks.clone();
        tasks.spawn("stalls", async move {
            while !stopping.is_stopping() {
                let before = SystemClock.now();
                SystemClock.sleep(LOOK_EVERY).await;
                let took = SystemClock.now().since(before).as_micros() as u64;
                longest.fetch_max(took, Ordering::Relaxed);
            }
        });
        Self { longest_micros, tasks }
    }

    fn longest(&self) -> Duration {
        Duration::from_micros(self.longest_micros.load(Ordering::Relaxed))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}
