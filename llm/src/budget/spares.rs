//! Money set aside ahead of time, so that a call need not wait for the database.
//!
//! Setting money aside is a commit, and a commit waits for the disk. So when calls of a kind come one after the other,
//! the money for the next one is set aside while the present one runs. Nothing else changes: a spare is a reservation
//! like any other, granted by the database before a call is made from it, settled once, and taken for spent when the
//! process dies. All spares of a kind hold at most a hundredth of each of their budgets, and what is not used is given
//! back after a moment.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tenants::clock::Timestamp;
use tenants::ids::{ReservationId, TenantId};
use tenants::models::{BudgetLine, Task};
use tenants::money::MicroUsd;

use crate::catalogue::ModelRef;

/// Most spares of a kind.
const MOST: i64 = 64;
/// The part of a budget that spares of a kind may hold: one of so many.
const PART: i64 = 100;
/// Kinds that are remembered before those that nobody asked for lately are forgotten.
const KINDS_KEPT: usize = 10_000;

/// Calls that cost about the same and are paid from the same budgets.
pub(super) type Kind = (TenantId, Task, ModelRef);

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Spares {
    shelves: Mutex<HashMap<Kind, Shelf>>,
}

/// A reservation that no call uses yet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spare {
    pub id: ReservationId,
    pub amount: MicroUsd,
    pub expires_at: Timestamp,
    /// It is given back then.
    pub kept_until: Timestamp,
}

/// What a call needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Need<'a> {
    pub lines: &'a [BudgetLine],
    pub amount: MicroUsd,
    pub expires_at: Timestamp,
    /// How long spares are kept; zero: there are none.
    pub keep: Duration,
    pub now: Timestamp,
}

/// What a call finds.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub spare: Option<Spare>,
    /// Spares of budgets as they were before: to be given back.
    pub outdated: Vec<Spare>,
    /// Whether calls of this kind come in a row. A single one is not worth a spare: the next may never come.
    pub is_busy: bool,
}

#[derive(Debug, Default)]
struct Shelf {
    lines: Vec<BudgetLine>,
    last_need: Option<Timestamp>,
    spares: Vec<Spare>,
    /// Spares that are being set aside.
    coming: usize,
    is_swept: bool,
}

impl Spares {
    /// A spare for a call of this kind, if one fits.
    pub fn take(&self, kind: &Kind, need: Need<'_>) -> Found {
        if need.keep.is_zero() {
            return Found::default();
        }
        let mut shelves = self.lock();
        if shelves.len() >= KINDS_KEPT && !shelves.contains_key(kind) {
            shelves.retain(|_, shelf| shelf.is_in_use(need.now, need.keep));
        }
        match shelves.get_mut(kind) {
            Some(shelf) => shelf.take(need),
            None => shelves.entry(kind.clone()).or_default().take(need),
        }
    }

    /// Whether another spare shall be made; if so, it is counted until it is [`put`](Self::put).
    pub fn wants_more(&self, kind: &Kind, need: Need<'_>) -> bool {
        self.lock().get_mut(kind).is_some_and(|shelf| shelf.wants_more(need))
    }

    /// A spare has been set aside, or not. True: somebody has to sweep from now on.
    ///
    /// # Errors
    /// The spare, when it fits its budgets no more: to be given back.
    pub fn put(&self, kind: &Kind, lines: &[BudgetLine], spare: Option<Spare>) -> Result<bool, Spare> {
        let mut shelves = self.lock();
        let Some(shelf) = shelves.get_mut(kind) else { return spare.map_or(Ok(false), Err) };
        shelf.coming = shelf.coming.saturating_sub(1);
        let Some(spare) = spare else { return Ok(false) };
        if shelf.lines != lines {
            return Err(spare);
        }
        shelf.spares.push(spare);
        Ok(!std::mem::replace(&mut shelf.is_swept, true))
    }

    /// Takes away what was kept long enough, or all of it; false: there is nothing left to sweep.
    pub fn sweep(&self, kind: &Kind, now: Option<Timestamp>) -> (Vec<Spare>, bool) {
        let mut shelves = self.lock();
        let Some(shelf) = shelves.get_mut(kind) else { return (Vec::new(), false) };
        let is_over = |spare: &mut Spare| now.is_none_or(|now| spare.kept_until <= now);
        let old = shelf.spares.extract_if(.., is_over).collect();
        shelf.is_swept = !shelf.spares.is_empty();
        (old, shelf.is_swept)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Shelf>> {
        self.shelves.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    fn take(&mut self, need: Need<'_>) -> Found {
        let mut found = Found::default();
        if self.lines != need.lines {
            found.outdated = std::mem::take(&mut self.spares);
            self.lines = need.lines.to_vec();
        }
        let fits = |spare: &Spare| spare.amount >= need.amount && spare.expires_at >= need.expires_at;
        found.spare = self.spares.iter().position(fits).map(|place| self.spares.swap_remove(place));
        if found.spare.is_none() && self.is_full(need) {
            // Calls cost more than when these were made: they fill the shelf, and nobody can use them.
            found.outdated.append(&mut self.spares);
        }
        found.is_busy = self.last_need.is_some_and(|last| need.now.since(last) < need.keep);
        self.last_need = Some(need.now);
        found
    }

    fn wants_more(&mut self, need: Need<'_>) -> bool {
        let wants = self.lines == need.lines && !self.is_full(need);
        self.coming += usize::from(wants);
        wants
    }

    fn is_full(&self, need: Need<'_>) -> bool {
        (self.spares.len() + self.coming) as i64 >= most(need.lines, need.amount)
    }

    fn is_in_use(&self, now: Timestamp, keep: Duration) -> bool {
        self.is_swept || self.coming > 0 || self.last_need.is_some_and(|last| now.since(last) < keep)
    }
}

/// How many spares of this amount these budgets allow.
fn most(lines: &[BudgetLine], amount: MicroUsd) -> i64 {
    let room = lines.iter().map(|line| line.limit.0 / PART / amount.0.max(1)).min();
    room.unwrap_or(0).min(MOST)
}
