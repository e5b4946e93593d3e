//! What a process asks of the world, counted: a crash or a failing database at any such point can be tried out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Where in a call of the world a process died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    /// The world has not heard of it.
    Before,
    /// The world has done it, and the process has not heard the answer.
    After,
}

/// A point at which a process died: the call, and the side of it.
pub(crate) type Point = (&'static str, Side);

/// What goes wrong with one write. The process lives on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing is stored, and the process is told so.
    Refused,
    /// It is stored, and the process is told that the database did not answer.
    Unheard,
}

/// Counts what a process asks of the world, and can stop it for ever at any such point: a crash, seen from
/// outside. Between two of these points a process changes nothing but its own memory, so dying there is the same as
/// dying at the next one.
#[derive(Debug)]
pub(crate) struct Steps {
    taken: AtomicUsize,
    stops_at: AtomicUsize,
    died_at: Mutex<Option<Point>>,
    writes: AtomicUsize,
    trouble: Option<(usize, Trouble)>,
}

impl Default for Steps {
    fn default() -> Self {
        Self::stopping_at(usize::MAX)
    }
}

impl Steps {
    /// A process that takes this many steps and no more.
    pub(crate) fn stopping_at(stops_at: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            stops_at: AtomicUsize::new(stops_at),
            died_at: Mutex::default(),
            writes: AtomicUsize::new(0),
            trouble: None,
        }
    }

    /// The same, with trouble at the `write`-th write (from 0).
    pub(crate) fn with_trouble(self, write: usize, trouble: Trouble) -> Self {
        Self { trouble: Some((write, trouble)), ..self }
    }

    /// A call begins.
    pub(crate) async fn before(&self, call: &'static str) {
        self.step((call, Side::Before)).await;
    }

    /// A call has been done.
    pub(crate) async fn after(&self, call: &'static str) {
        self.step((call, Side::After)).await;
    }

    async fn step(&self, point: Point) {
        let (taken, stops_at) = (self.taken.fetch_add(1, Ordering::Relaxed), self.stops_at());
        if taken < stops_at {
            return;
        }
        if taken == stops_at {
            *self.died_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(point);
        }
        std::future::pending::<()>().await;
    }

    /// What goes wrong with the write that begins now.
    pub(super) fn next_write(&self) -> Option<Trouble> {
        let write = self.writes.fetch_add(1, Ordering::Relaxed);
        self.trouble.filter(|(at, _)| *at == write).map(|(_, trouble)| trouble)
    }

    /// Writes begun so far.
    pub(crate) fn writes(&self) -> usize {
        self.writes.load(Ordering::Relaxed)
    }

    /// Steps taken or asked for.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    fn stops_at(&self) -> usize {
        self.stops_at.load(Ordering::Relaxed)
    }

    /// Where the process died, if it came to that.
    pub(crate) fn died_at(&self) -> Option<Point> {
        *self.died_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Not one step more.
    pub(crate) fn stop(&self) {
        self.stops_at.store(0, Ordering::Relaxed);
    }
}
