//! Hedging: when a model takes long, the next one is asked as well, and the first good answer counts.
//!
//! Both calls are paid: each has money of its own set aside, and the one that is given up is taken to have cost what was
//! set aside for it, since most providers charge for what nobody waits for any more.

use std::pin::pin;
use std::time::Duration;

use super::job::Job;
use super::journey::{Failure, Journey, Stop};
use super::leg::Leg;
use crate::catalogue::ModelRef;

/// How a race between two models ended.
pub(super) struct Race<T> {
    /// The answer; or why there is none, of the last one that was asked.
    pub outcome: Result<Leg<T>, Stop>,
    /// Why the first one was not taken although the second one was asked.
    pub first_failure: Option<Failure>,
}

impl Journey {
    /// Asks the first model, and the second one as well when the first has not answered after a while.
    pub(super) async fn race<J: Job>(
        &self,
        [first, second]: [&ModelRef; 2],
        after: Duration,
        job: &J,
    ) -> Race<J::Output> {
        let mut one = pin!(self.ask(first, job, self.fallback_reason()));
        tokio::select! {
            biased;
            outcome = &mut one => return Race { outcome, first_failure: None },
            () = self.inner.clock.sleep(after) => {}
        }
        let reason = format!("{first}: {}", Failure::Slow.word());
        let mut two = pin!(self.ask(second, job, Some(reason)));
        // Whichever still runs in the end is dropped, and thereby settled.
        tokio::select! {
            biased;
            asked = &mut one => match asked {
                Ok(leg) => Race::won_by_first(leg),
                Err(stop) => Race::of_second(stop, two.await),
            },
            asked = &mut two => match asked {
                Ok(leg) => Race { outcome: Ok(leg), first_failure: Some(Failure::Slow) },
                Err(second) => match one.await {
                    Ok(leg) => Race::won_by_first(leg),
                    Err(first) => Race::of_second(first, Err(second)),
                },
            },
        }
    }
}

impl<T> Race<T> {
    fn won_by_first(leg: Leg<T>) -> Self {
        Self { outcome: Ok(leg), first_failure: None }
    }

    /// The first one has failed.
    fn of_second(first: Stop, second: Result<Leg<T>, Stop>) -> Self {
        match (first, second) {
            // No further model may be asked.
            (first @ Stop::Over(_), Err(_)) => Self { outcome: Err(first), first_failure: None },
            (Stop::Over(_), outcome) => Self { outcome, first_failure: Some(Failure::Slow) },
            (Stop::Next(failure), outcome) => Self { outcome, first_failure: Some(failure) },
        }
    }
}
