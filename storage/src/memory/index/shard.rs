//! One shard of Qdrant Edge: the points of one room of one tenant, in a folder of their own.
//!
//! A point is an item's id and its vectors. Texts, people, everything that can be read stays in the database: what was
//! found is looked up there, so an index can never give away what the rows would not.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::words::Words;
use qdrant_edge::external::ordered_float::OrderedFloat;
use qdrant_edge::{
    Distance, EdgeConfig, EdgeConfigBuilder, EdgeShard, EdgeSparseVectorParamsBuilder,
    EdgeVectorParamsBuilder, Modifier, NamedQuery, NamedVectors, PointId, PointInsertOperations,
    PointOperations, PointStruct, QueryEnum, QueryRequest, ScoringQuery, ScrollRequest, UpdateOperation,
    Vector, VectorInternal, Vectors, WalOptions, WithPayloadInterface, WithVector,
};
use tenants::ids::MemoryId;

/// Searching so many points by words takes some ten microseconds: less than it takes to hand it to another thread.
const FEW: usize = 2_000;
/// Bytes of the engine's log before a new file is begun. We never read it: the rows are our log.
const LOG_SEGMENT: usize = 128 << 10;

const WORDS: &str = "words";
const MEANING: &str = "meaning";

/// A point and its vectors.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) id: MemoryId,
    pub(super) words: Words,
    pub(super) meaning: Option<Vec<f32>>,
}

/// The shard refused or broke; it must be built anew.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Broken(pub(super) String);

/// An open shard. Blocking: to be used on threads that may block, but for searching a small one by words.
#[derive(Debug)]
pub(super) struct Shard {
    engine: Option<EdgeShard>,
    folder: PathBuf,
    /// Points that are in it, or more: those that took the place of others count twice.
    points: AtomicUsize,
}

impl Shard {
    /// Makes an empty shard in a new folder.
    pub(super) fn create(folder: &Path, dimensions: Option<usize>) -> Result<Self, Broken> {
        std::fs::create_dir_all(folder).map_err(|error| Broken(error.to_string()))?;
        let engine = guarded(|| EdgeShard::new(folder, config(dimensions)))?;
        Ok(Self { engine: Some(engine), folder: folder.to_owned(), points: AtomicUsize::new(0) })
    }

    /// Opens the shard in a folder.
    pub(super) fn open(folder: &Path, dimensions: Option<usize>) -> Result<Self, Broken> {
        let engine = guarded(|| EdgeShard::load(folder, Some(config(dimensions))))?;
        let points = guarded(|| Ok(engine.info().points_count))?;
        Ok(Self { engine: Some(engine), folder: folder.to_owned(), points: AtomicUsize::new(points) })
    }

    /// How many points are in it; those that took the place of others count twice.
    pub(super) fn points(&self) -> usize {
        self.points.load(Ordering::Relaxed)
    }

    /// True when a search by words is over before another thread would have begun with it.
    pub(super) fn is_small(&self) -> bool {
        self.points() <= FEW
    }

    fn engine(&self) -> Result<&EdgeShard, Broken> {
        self.engine.as_ref().ok_or_else(|| Broken("the shard is closed".to_owned()))
    }

    /// Puts points, in place of those with the same ids.
    pub(super) fn put(&self, points: Vec<Point>) -> Result<(), Broken> {
        if points.is_empty() {
            return Ok(());
        }
        let points = points.into_iter().map(point).collect::<Result<Vec<_>, _>>()?;
        self.points.fetch_add(points.len(), Ordering::Relaxed);
        let list = PointInsertOperations::PointsList(points);
        let operation = UpdateOperation::PointOperation(PointOperations::UpsertPoints(list));
        let engine = self.engine()?;
        guarded(|| engine.update(operation))
    }

    /// The nearest by words, best first.
    pub(super) fn by_words(&self, words: &Words, limit: usize) -> Result<Vec<MemoryId>, Broken> {
        if words.places.is_empty() {
            return Ok(Vec::new());
        }
        self.nearest(WORDS, sparse(words)?.0, limit)
    }

    /// The nearest by meaning, best first.
    pub(super) fn by_meaning(&self, meaning: &[f32], limit: usize) -> Result<Vec<MemoryId>, Broken> {
        self.nearest(MEANING, VectorInternal::Dense(meaning.to_vec()), limit)
    }

    fn nearest(&self, name: &str, vector: VectorInternal, limit: usize) -> Result<Vec<MemoryId>, Broken> {
        let query = QueryEnum::Nearest(NamedQuery { query: vector, using: Some(name.to_owned()) });
        let request = QueryRequest {
            prefetches: Vec::new(),
            query: Some(ScoringQuery::Vector(query)),
            filter: None,
            score_threshold: Some(OrderedFloat(f32::MIN_POSITIVE)),
            limit,
            offset: 0,
            params: None,
            with_vector: WithVector::Bool(false),
            with_payload: WithPayloadInterface::Bool(false),
        };
        let engine = self.engine()?;
        let found = guarded(|| engine.query(request))?;
        Ok(found.into_iter().filter_map(|point| item_of(point.id)).collect())
    }

    /// Every point's id.
    pub(super) fn all(&self) -> Result<Vec<MemoryId>, Broken> {
        let engine = self.engine()?;
        let mut all = Vec::new();
        let mut offset = None;
        loop {
            let request = ScrollRequest { offset, limit: Some(1_000), ..ScrollRequest::default() };
            let (records, next) = guarded(|| engine.scroll(request))?;
            all.extend(records.into_iter().filter_map(|record| item_of(record.id)));
            match next {
                Some(next) => offset = Some(next),
                None => return Ok(all),
            }
        }
    }

    /// Makes everything so far durable.
    pub(super) fn flush(&self) -> Result<(), Broken> {
        let engine = self.engine()?;
        guarded(|| {
            engine.flush();
            Ok(())
        })
    }
}

impl Drop for Shard {
    fn drop(&mut self) {
        // The engine flushes as it goes, and panics where that fails; what was not flushed is read from the rows again.
        let engine = self.engine.take();
        if catch_unwind(AssertUnwindSafe(|| drop(engine))).is_err() {
            tracing::warn!(folder = %self.folder.display(), "a memory index could not be flushed as it was closed");
        }
    }
}

/// Runs the engine's code: its errors and its panics are one to us.
fn guarded<T>(work: impl FnOnce() -> qdrant_edge::OperationResult<T>) -> Result<T, Broken> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|error| Broken(error.to_string())),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no reason");
            Err(Broken(format!("the engine panicked: {text}")))
        }
    }
}

fn config(dimensions: Option<usize>) -> EdgeConfig {
    let log = WalOptions { segment_capacity: LOG_SEGMENT, segment_queue_len: 0, ..WalOptions::default() };
    let mut builder = EdgeConfigBuilder::new().on_disk_payload(true).wal_options(log);
    let words = EdgeSparseVectorParamsBuilder::new().modifier(Modifier::Idf).build();
    builder = builder.sparse_vector(WORDS, words);
    if let Some(size) = dimensions {
        let meaning = EdgeVectorParamsBuilder::new(size, Distance::Cosine).on_disk(true).build();
        builder = builder.vector(MEANING, meaning);
    }
    builder.build()
}

fn point(point: Point) -> Result<qdrant_edge::PointStructPersisted, Broken> {
    let mut vectors = NamedVectors::default().add_vector(WORDS, sparse(&point.words)?);
    if let Some(meaning) = point.meaning {
        vectors = vectors.add_vector(MEANING, Vector::new_dense(meaning));
    }
    let payload = serde_json::Value::Object(serde_json::Map::new());
    let mut made = PointStruct::new(PointId::Uuid(point.id.0), Vectors::from(vectors), payload).0;
    made.payload = None;
    Ok(made)
}

fn sparse(words: &Words) -> Result<Vector, Broken> {
    Vector::new_sparse(words.places.clone(), words.weights.clone()).map_err(|error| Broken(error.to_string()))
}

fn item_of(point: PointId) -> Option<MemoryId> {
    match point {
        PointId::Uuid(id) => Some(MemoryId(id)),
        PointId::NumId(_) => None,
    }
}
