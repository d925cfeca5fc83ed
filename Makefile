# `make run` and `make test` install missing programs. They need git, make, curl, Rust and Node.

.DEFAULT_GOAL := help
.PHONY: help run check fix test bench soak

TARGET := $(or $(CARGO_TARGET_DIR),target)
# The directory of servers unpacked by scripts/setup if it may not install them.
export PREWARM_SERVERS_DIR ?= $(abspath $(or $(PREWARM_DATA_DIR),.prewarm))/servers

# Twice the processors, because half of the tests mostly wait.
TEST_THREADS := $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' $(firstword $(MAKEFILE_LIST))

run: ## build and start everything with demo data
	@scripts/setup run
	@cargo build --release --package prewarm
	@exec $(TARGET)/release/prewarm up --demo

test: check ## run every check and every test
	@scripts/setup test
	scripts/sqlx-prepare --check
	scripts/with-servers cargo nextest run --workspace --test-threads $(TEST_THREADS)
	PATH="$(PREWARM_SERVERS_DIR)/usr/bin:$$PATH" PREWARM_BIN=$(abspath $(TARGET))/debug/prewarm \
		PREWARM_CHROMIUM=$(firstword $(wildcard $(PREWARM_SERVERS_DIR)/usr/bin/chromium) /usr/bin/chromium) \
		PREWARM_FIREFOX=$(firstword $(wildcard $(PREWARM_SERVERS_DIR)/usr/bin/firefox-esr) /usr/bin/firefox-esr) \
		PREWARM_SCHEMATHESIS=$(PREWARM_SERVERS_DIR)/schemathesis/bin/schemathesis npm test --silent --prefix dashboard
	RUSTDOCFLAGS='-D warnings' cargo doc --quiet --workspace --no-deps

check: ## check formatting, lints, types and, where cargo-deny is installed, licenses and advisories
	@scripts/setup run
	cargo fmt --check
	npm run check --silent --prefix dashboard
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	@! command -v cargo-deny >/dev/null || cargo deny check

fix: ## format, apply what the lints can, and renew what is generated
	@scripts/setup run
	scripts/sqlx-prepare
	cargo clippy --quiet --fix --allow-dirty --allow-staged --workspace --all-targets
	cargo fmt
	PREWARM_UPDATE=1 scripts/with-servers cargo nextest run --package api openapi
	npm run types --silent --prefix dashboard

soak: ## a million random events, or EVENTS=…, against the oracle, and ten minutes of a hostile neighbour, or SECONDS=…
	@scripts/setup test
	PREWARM_TEST_EVENTS=$(or $(EVENTS),1000000) PREWARM_HOSTILE_SECONDS=$(or $(SECONDS),600) scripts/with-servers \
		cargo nextest run --workspace --cargo-profile release --profile soak \
		-E 'test(models_equal_the_definition) | test(hostile_neighbour)'

bench: ## measure beside the peers; ARGS="--list" lists the rows
	@scripts/setup bench
	@cargo build --release --package prewarm --package bench
	@exec $(TARGET)/release/bench --write $(ARGS)
