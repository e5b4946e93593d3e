# demo: build and run the main job with the sandbox.   test: every test.
# check: formatting, lints, docs and dependencies.     bench: measurements.
# web: build the dashboard, which the binary embeds.   schemathesis: a running demo against the API's description.
.PHONY: demo test check bench web web-check schemathesis

CARGO ?= cargo

WEB = dashboard/web
# A binary that is built where npm is missing has no dashboard, and says so where it would be.
web:
	@if command -v npm >/dev/null 2>&1; then \
		npm --prefix $(WEB) ci --no-audit --no-fund && npm --prefix $(WEB) run build; \
	elif [ -n "$$REQUIRE_SERVICES" ]; then \
		echo "npm is not installed: install Node.js 18.20 or later with npm" >&2; exit 1; \
	else \
		echo "npm is not installed: the binary gets no dashboard (install Node.js 18.20 or later with npm)"; \
	fi

# Lints, logic and size of the dashboard.
web-check: web
	@if command -v npm >/dev/null 2>&1; then \
		npm --prefix $(WEB) run lint && npm --prefix $(WEB) test && npm --prefix $(WEB) run budget; \
	fi

demo: web
	$(CARGO) run --profile demo --bin troupe -- demo

test: web-check
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

schemathesis:
	$(CARGO) build --bin troupe
	TROUPE_BIN=$${CARGO_TARGET_DIR:-target}/debug/troupe tests/schemathesis/run

# BENCH_ARGS="--quick" takes two minutes; `troupe-bench compare --help` lists what else there is.
PEERS = bench/peers
bench:
	$(CARGO) build --release --bin troupe
	$(CARGO) build --release -p troupe-bench
	$(CARGO) build --release --locked --manifest-path $(PEERS)/bare-loop/Cargo.toml \
		--target-dir $${CARGO_TARGET_DIR:-target}/bare-loop
	@if [ ! -d $(PEERS)/express-bullmq/node_modules ] && command -v npm >/dev/null 2>&1; then \
		npm --prefix $(PEERS)/express-bullmq ci --no-audit --no-fund || \
		echo "npm could not fetch the packages of the Node peer: its sides are left out" >&2; \
	fi
	$(CARGO) run --release -p troupe-bench -- compare --write docs/performance.md $(BENCH_ARGS)
	$(CARGO) run --release -p troupe-bench -- footprint --write docs/performance.md
	$(CARGO) run --release -p troupe-bench -- router --write docs/performance.md
	$(CARGO) run --release -p troupe-bench -- isolation --write docs/performance.md
	$(CARGO) run --release -p troupe-bench -- recall --write docs/performance.md
	$(CARGO) run --release -p troupe-bench -- upload --write docs/performance.md
	$(CARGO) run --release -p troupe-bench -- due-posts --write docs/performance.md
	$(CARGO) run --release -p troupe-bench -- crowd --write docs/performance.md
	$(CARGO) run --release --bin troupe -- bench
