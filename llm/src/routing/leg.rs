//! One model of a request's list: place, money, breaker, calls, check.

use std::time::Duration;

use super::health::{Unwell, Watch};
use super::job::{Job, Unusable};
use super::journey::{Failure, Journey, Stop};
use super::places::Place;
use super::table::Station;
use crate::budget::{CallStart, Ending, Spending, Wish, first_guess};
use crate::catalogue::ModelRef;
use crate::provider::CallError;

/// A model that has answered. Dropping it gives the place back and settles the money.
pub(super) struct Leg<T> {
    pub model: ModelRef,
    pub output: T,
    pub spending: Spending,
    pub place: Place,
    /// Of a stream, which is still under way.
    pub watch: Option<Watch>,
}

/// What one call came to.
enum Attempt<T> {
    Usable(T, Option<Watch>),
    Unusable(T, Unusable),
    Failed(CallError),
}

impl Journey {
    /// Asks one model, with its tries and one repair. `reason` says why it is asked rather than an earlier one.
    pub(super) async fn ask<J: Job>(
        &self,
        model: &ModelRef,
        job: &J,
        reason: Option<String>,
    ) -> Result<Leg<J::Output>, Stop> {
        let Some(station) = self.table.station(model).cloned() else {
            return Err(Stop::Next(Failure::NoKey));
        };
        // Neither a place nor money is taken for a model that is known to be down.
        self.until_well(model).await?;
        let mut place = self.enter(&station).await?;
        let mut spending = self.set_aside(model, job).await?;
        let mut repair: Option<J> = None;
        let mut failed_tries = 0;
        loop {
            let current = repair.as_ref().unwrap_or(job);
            let start = self.start_of_call(model, current, reason.clone());
            match self.call(&station, &mut spending, start, current).await? {
                Attempt::Usable(output, watch) => {
                    return Ok(Leg { model: model.clone(), output, spending, place, watch });
                }
                Attempt::Unusable(output, unusable) => {
                    let again = if unusable.is_repairable && repair.is_none() {
                        job.repaired(&output, &unusable.problem)
                    } else {
                        None
                    };
                    let Some(again) = again else {
                        return Err(Stop::Next(Failure::Invalid(unusable.problem)));
                    };
                    repair = Some(again);
                }
                Attempt::Failed(error) => {
                    failed_tries += 1;
                    let Some(pause) = self.pause(&error, failed_tries) else {
                        return Err(Stop::Next(Failure::Call(error)));
                    };
                    // Nobody keeps a place while he sleeps.
                    drop(place);
                    self.inner.clock.sleep(pause).await;
                    place = self.enter(&station).await?;
                }
            }
            // A call that has to be paid has used up what was set aside: the next one needs money of its own.
            if spending.has_cost() {
                drop(spending);
                spending = self.set_aside(model, job).await?;
            }
        }
    }

    /// Waits out a short rest; does not wait for a broken model.
    async fn until_well(&self, model: &ModelRef) -> Result<(), Stop> {
        let now = self.inner.clock.now();
        match self.inner.health.look(model, now) {
            Ok(()) => Ok(()),
            Err(unwell @ Unwell::Resting(until)) => {
                let wait = until.since(now);
                if wait > self.longest_pause() || wait >= self.left() {
                    return Err(Stop::Next(Failure::Unwell(unwell)));
                }
                self.inner.clock.sleep(wait).await;
                Ok(())
            }
            Err(unwell) => Err(Stop::Next(Failure::Unwell(unwell))),
        }
    }

    /// A place at the provider, when it is the tenant's turn.
    async fn enter(&self, station: &Station) -> Result<Place, Stop> {
        let left = self.left();
        if left.is_zero() {
            return Err(Stop::Over(self.late()));
        }
        tokio::select! {
            biased;
            place = station.places.enter(self.payer.tenant(), self.payer.weight()) => Ok(place),
            () = self.inner.clock.sleep(left) => Err(Stop::Over(self.late())),
        }
    }

    async fn set_aside<J: Job>(&self, model: &ModelRef, job: &J) -> Result<Spending, Stop> {
        let (price, _) = self.table.catalogue.price(model);
        let calling = &self.table.catalogue.calling;
        let guess = first_guess(price, job.bytes(), job.max_tokens());
        let purse = &self.inner.purse;
        let amount = purse.expected(self.work.task, model, calling.reserve_quantile, guess);
        let expires_at = self.limits.deadline + Duration::from_millis(calling.reservation_grace_ms);
        let keep_spares = Duration::from_millis(calling.spare_ms);
        let wish = Wish { model, amount, expires_at, keep_spares };
        purse.open(&self.payer, &self.work, wish).await.map_err(Stop::Over)
    }

    /// One call. A stream that has begun is still under way afterwards.
    async fn call<J: Job>(
        &self,
        station: &Station,
        spending: &mut Spending,
        start: CallStart,
        job: &J,
    ) -> Result<Attempt<J::Output>, Stop> {
        let left = self.left();
        if left.is_zero() {
            return Err(Stop::Over(self.late()));
        }
        let allowed = self.inner.health.allow(&start.model, self.inner.clock.now());
        let watch = allowed.map_err(|unwell| Stop::Next(Failure::Unwell(unwell)))?;

        let timeout = self.limits.timeout.min(left);
        let (model, entry) = (start.model.clone(), self.table.entry(&start.model));
        spending.begin(start);
        let result = tokio::select! {
            biased;
            result = job.run(&*station.provider, spending.paid(), &model, entry) => result,
            () = self.inner.clock.sleep(timeout) => Err(CallError::TimedOut),
        };
        let is_our_haste = matches!(result, Err(CallError::TimedOut)) && timeout < self.limits.timeout;
        let is_over = result.is_err() || !J::IS_STREAM;
        let watch = if is_over && !is_our_haste {
            watch.report(result.as_ref().map(|_| ()), self.inner.clock.now());
            None
        } else {
            Some(watch)
        };
        let output = match result {
            Ok(output) => output,
            Err(error) => {
                spending.end(Ending::Failed(&error));
                return Ok(Attempt::Failed(error));
            }
        };
        let (written, usage) = job.measure(&output);
        spending.heard(written, usage);
        Ok(judge(spending, job, output, watch))
    }

    fn start_of_call<J: Job>(&self, model: &ModelRef, job: &J, fallback_reason: Option<String>) -> CallStart {
        let (price, is_price_known) = self.table.catalogue.price(model);
        CallStart {
            model: model.clone(),
            price,
            is_price_known,
            fallback_reason,
            input_bytes: job.bytes(),
            max_tokens: job.max_tokens(),
            is_stream: J::IS_STREAM,
        }
    }

    /// How long to wait before the next try; `None` when there is none.
    fn pause(&self, error: &CallError, failed_tries: u32) -> Option<Duration> {
        if !error.is_transient() || failed_tries >= self.limits.tries {
            return None;
        }
        let pause = self.jittered(failed_tries).max(error.retry_after().unwrap_or_default());
        (pause <= self.longest_pause() && pause < self.left()).then_some(pause)
    }

    /// Doubled with each try, drawn between half and all of it, so that callers who failed together do not return
    /// together.
    fn jittered(&self, failed_tries: u32) -> Duration {
        let first = self.table.catalogue.calling.first_pause_ms.saturating_mul(1_000);
        let doublings = failed_tries.saturating_sub(1).min(16);
        let whole = (first << doublings).min(self.longest_pause().as_micros() as u64).max(2);
        Duration::from_micros(whole / 2 + self.inner.ids.random_u64() % (whole - whole / 2))
    }

    fn longest_pause(&self) -> Duration {
        Duration::from_millis(self.table.catalogue.calling.longest_pause_ms)
    }
}

fn judge<J: Job>(
    spending: &mut Spending,
    job: &J,
    mut output: J::Output,
    watch: Option<Watch>,
) -> Attempt<J::Output> {
    if J::IS_STREAM {
        return Attempt::Usable(output, watch);
    }
    match job.check(&mut output) {
        Ok(()) => {
            spending.end(Ending::Answered);
            Attempt::Usable(output, watch)
        }
        Err(unusable) => {
            spending.end(Ending::Invalid(&unusable.problem));
            Attempt::Unusable(output, unusable)
        }
    }
}
