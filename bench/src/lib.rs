//! Benchmarks and load generator.
