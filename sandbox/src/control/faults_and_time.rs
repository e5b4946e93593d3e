//! Switching faults, moving the clock, changing limits, starting over.

use chrono::TimeDelta;

use super::reports::ClockReport;
use crate::{
    core::lock,
    faults::{ActiveFault, FaultId, kinds::Fault},
    options::{LimitOptions, PublishingOptions},
    sandbox::{Sandbox, first_world},
};

impl Sandbox {
    /// How publishing works.
    pub fn publishing(&self) -> PublishingOptions {
        lock(&self.core.publishing).clone()
    }

    /// Changes how publishing works from now on.
    pub fn set_publishing(&self, options: PublishingOptions) {
        *lock(&self.core.publishing) = options;
    }

    /// Switches a fault on.
    pub fn fault(&self, fault: impl Into<Fault>) -> FaultId {
        lock(&self.core.faults).set(fault.into(), self.core.clock.now())
    }

    /// Switches a fault off; `false` when it was off already.
    pub fn clear_fault(&self, fault: FaultId) -> bool {
        lock(&self.core.faults).clear(fault)
    }

    /// Switches all faults off.
    pub fn clear_faults(&self) {
        lock(&self.core.faults).clear_all();
    }

    /// Faults that were set and not cleared, with how often they struck.
    pub fn faults(&self) -> Vec<ActiveFault> {
        lock(&self.core.faults).list()
    }

    /// The sandbox's time.
    pub fn clock(&self) -> ClockReport {
        let clock = &self.core.clock;
        ClockReport { now: clock.now(), advanced_seconds: clock.offset().num_seconds() }
    }

    /// Moves the sandbox's time away from its source, to cross windows and expiries.
    pub fn advance_clock(&self, by: TimeDelta) -> ClockReport {
        self.core.clock.advance(by);
        self.core.note_change();
        self.clock()
    }

    /// Returns to the time of the source.
    pub fn rewind_clock(&self) -> ClockReport {
        self.core.clock.set_offset_micros(0);
        self.core.note_change();
        self.clock()
    }

    /// Limits in force.
    pub fn limits(&self) -> LimitOptions {
        lock(&self.core.limits).options().clone()
    }

    /// Sets other limits; counting starts afresh.
    pub fn set_limits(&self, limits: LimitOptions) {
        lock(&self.core.limits).set(limits);
    }

    /// Forgets everything except the options: one app, no accounts, no faults, the same seed. With a state file
    /// the ids of content go on, because clients outlive the reset.
    pub fn reset(&self) {
        self.core.replace_world(first_world(&self.core.options));
    }
}
