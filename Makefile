# demo: build and run the main job with the sandbox.   test: every test.
# check: formatting, lints, docs and dependencies.     bench: measurements.
.PHONY: demo test check bench

CARGO ?= cargo

demo:
	$(CARGO) run --profile demo --bin troupe -- demo

test:
	$(CARGO) test --workspace --all-targets --no-fail-fast
	$(CARGO) test --workspace --doc

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --workspace --no-deps
	@if command -v cargo-deny >/dev/null 2>&1; then \
		cargo-deny --log-level error check bans licenses sources; \
	elif [ -n "$$REQUIRE_SERVICES" ]; then \
		echo "cargo-deny is not installed: cargo install cargo-deny" >&2; exit 1; \
	else \
		echo "cargo-deny is not installed: dependency checks left out (cargo install cargo-deny)"; \
	fi

bench:
	$(CARGO) run --release -p troupe-bench
	$(CARGO) run --release --bin troupe -- bench
