# What a person or CI does with this repository. `make` alone lists it.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

BINARY := bin/resourcepool
TOOLS := $(CURDIR)/bin/tools
GOLANGCI := $(TOOLS)/golangci-lint-v2.15.0
GOVULNCHECK := $(TOOLS)/govulncheck-v1.9.0
GITLEAKS := $(TOOLS)/gitleaks-v8.30.1
CYCLONEDX := $(TOOLS)/cyclonedx-gomod-v1.10.0
STAMPED := $(if $(shell git rev-parse HEAD 2>/dev/null),true,false)

WITHDB := go run ./server/dbtest/withdb --
export CHROMIUM := $(or $(CHROMIUM),$(firstword $(wildcard $(addprefix /usr/bin/,chromium chromium-browser google-chrome))),/usr/bin/chromium)
FRONTEND := $(shell find frontend/src frontend/graphiql frontend/public -type f) \
	$(addprefix frontend/,index.html vite.config.ts tsconfig.json package.json postcss.config.cjs)
GENERATED := ent graph docs frontend/src go.mod go.sum

##@ Use

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: $(if $(DATABASE_URL),,postgres) build ## build all and start the demo on http://127.0.0.1:8080
	@exec $(BINARY) demo

.PHONY: build
build: frontend/dist/index.html ## make bin/resourcepool, its pages inside
	CGO_ENABLED=0 go build -trimpath -buildvcs=$(STAMPED) -ldflags '-s -w' -o $(BINARY) ./server

.PHONY: db
db: postgres ## start a throwaway Postgres for tests in other terminals, until Ctrl-C
	@$(WITHDB) bash -c 'echo "export POOL_TEST_DATABASE_URL='\''$$POOL_TEST_DATABASE_URL'\''"; exec sleep infinity'

##@ Prove

.PHONY: test
test: postgres compiler chromium ## everything that proves it: what CI runs
	@$(MAKE) generated
	@$(MAKE) lint
	@$(MAKE) test-frontend
	@$(MAKE) test-go
	@$(MAKE) test-e2e
	@$(MAKE) test-sdk
	@echo "All of make test passed."

.PHONY: test-go
test-go: postgres compiler chromium frontend/dist/index.html ## the Go tests, with -race and a Postgres of their own
	$(WITHDB) go test -race -timeout 15m ./...

.PHONY: test-frontend
test-frontend: frontend/node_modules/.package-lock.json ## types, lint and unit tests of the frontend
	cd frontend && npm run typecheck && npm run lint && npm run test

.PHONY: test-e2e
test-e2e: postgres chromium build ## some pages of the built program in Chromium, from the sandbox's provider to the screen
	cd frontend && npm run e2e

.PHONY: test-pages
test-pages: postgres chromium build ## all pages in Chromium, in both languages and colours, on a desk and on a phone
	cd frontend && npm run e2e:all

.PHONY: test-sdk
test-sdk: postgres build e2e/node_modules/.package-lock.json ## the official clients of OpenAI, Anthropic, Vercel and LangChain against the built program
	cd e2e && npm run typecheck && npm run test

.PHONY: check
check: generated lint ## generated code is current, vet and lint

.PHONY: lint
lint: $(GOLANGCI) ## vet, lint and the rules of the layers
	$(GOLANGCI) run --config .golangci.yml

# Compared with itself, not with the last commit: work in progress is not stale.
.PHONY: generated
generated:
	@before=$$(mktemp) after=$$(mktemp); trap 'rm -f $$before $$after' EXIT; \
	sums() { find $(GENERATED) -type f -exec sha256sum {} + | sort -k 2; }; \
	sums > $$before; $(MAKE) generate; sums > $$after; \
	diff $$before $$after || { echo "The generated code was not current; it is now. Commit it." >&2; exit 1; }

.PHONY: nightly
nightly: postgres compiler ## ORACLE_OPERATIONS (10⁷) with the oracle, fuzz each target for FUZZTIME (1m), each control off, chaos for 3 min, the Go tests COUNT times (3) shuffled
	ORACLE_OPERATIONS=$(or $(ORACLE_OPERATIONS),10000000) go test -run '^TestApplyAgreesWithTheOracle$$' -v -count 1 -timeout 2h ./server/ledger
	@grep -rl --include='*_test.go' '^func Fuzz' server graph | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$target in $$(dirname "$$file")"; \
			$(WITHDB) go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(or $(FUZZTIME),1m) -fuzzminimizetime 10x "./$$(dirname "$$file")" < /dev/null; \
		done; done
	@$(MAKE) test-pages
	@$(MAKE) controls-off
	@$(MAKE) chaos MINUTES=$(or $(MINUTES),3)
	POOL_TEST_NIGHTLY=1 $(WITHDB) go test -race -count $(or $(COUNT),3) -shuffle on -timeout 3h ./...

.PHONY: controls-off
controls-off: postgres ## take each control out of the program and see its threat's test fail; ROW or GROUP narrows it
	$(WITHDB) go run ./server/threats/off $(if $(ROW),-row $(ROW)) $(if $(GROUP),-group $(GROUP))

.PHONY: chaos
chaos: postgres ## kill servers and Postgres at random for MINUTES (5) and judge by the clients' journal; SEED repeats a run
	CHAOS_MINUTES=$(or $(MINUTES),5) CHAOS_SEED=$(SEED) $(WITHDB) go test -count 1 -timeout 12h -v -run '^TestChaos$$' ./server/acceptance

.PHONY: bench
bench: postgres ## the Go benchmarks, BENCHTIME (5s) each, and a short `make bench-gateway`; BENCH=regexp runs some of the former alone
	$(WITHDB) go test -run '^$$' -bench '$(or $(BENCH),.)' -benchtime $(or $(BENCHTIME),5s) -benchmem -timeout 60m ./...
	$(if $(BENCH),,@$(MAKE) bench-gateway ARGS="-seconds 2 -connections 64 -streams 500")

.PHONY: bench-gateway
bench-gateway: postgres ## the tables of bench/README.md: the pool beside the bare upstream; ARGS="-seconds 2 -connections 64 -only bare,v1 -streams 0" narrows it
	go run ./bench/gateway $(ARGS)

.PHONY: bench-ledger
bench-ledger: postgres ## the table of bench/README.md: the ledger by load, servers, accounts and rows; ARGS="-rows 0 -writers 1" narrows it
	go run ./bench/ledger $(ARGS)

##@ Guard: what is built on, which needs the network and so is no part of `make test`

.PHONY: supply-chain
supply-chain: govulncheck npm-audit secrets sbom ## all of these

.PHONY: govulncheck
govulncheck: $(GOVULNCHECK) ## known holes in the Go modules and the standard library that the code can reach
	$(GOVULNCHECK) ./...

.PHONY: npm-audit
npm-audit: ## known holes in the npm packages of the pages, the browser tests and the clients' tests
	cd frontend && npm audit --package-lock-only
	cd e2e && npm audit --package-lock-only

.PHONY: secrets
secrets: $(GITLEAKS) ## keys and passwords in the history of all branches
	$(GITLEAKS) git --no-banner --redact --config .gitleaks.toml .

.PHONY: sbom
sbom: $(CYCLONEDX) build ## what the program consists of, as CycloneDX: bin/sbom; the image has it in /usr/share/doc/resourcepool
	@mkdir -p bin/sbom
	$(CYCLONEDX) bin -json -output bin/sbom/program.cdx.json $(BINARY)
	cd frontend && npm sbom --package-lock-only --omit dev --sbom-format cyclonedx --sbom-type application > ../bin/sbom/pages.cdx.json

##@ Change

.PHONY: generate
generate: frontend/node_modules/.package-lock.json ## write the generated code anew
	go generate ./...
	cd frontend && npm run --silent generate

.PHONY: fmt
fmt: $(GOLANGCI) ## format the Go code
	$(GOLANGCI) fmt --config .golangci.yml

.PHONY: clean
clean: ## remove what was built; the data of `make run` and the tools stay
	rm -rf $(BINARY) frontend/node_modules frontend/test-results e2e/node_modules
	find frontend/dist -mindepth 1 ! -name .gitkeep -delete

##@ What is needed: installed where we are root on Debian or Ubuntu, else named

APT := export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -y -q --no-install-recommends
MAY_INSTALL := test "$$(id -u)" = 0 && command -v apt-get >/dev/null

# The package would start a server of its own on port 5432, which nobody here asks for.
.PHONY: postgres
postgres: ## a Postgres server's programs
	@if [ -n "$${PG_BIN:-}" ] || command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then exit 0; fi; \
	if ! { $(MAY_INSTALL); }; then echo "There is no Postgres server here. Install one (Debian, Ubuntu: apt-get install postgresql), or set DATABASE_URL." >&2; exit 1; fi; \
	$(APT) postgresql-common; \
	sed -i -E 's/^#? *create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf; \
	$(APT) postgresql

.PHONY: chromium
chromium: ## Chromium, for the end-to-end tests
	@if [ -x "$$CHROMIUM" ]; then exit 0; fi; \
	if ! { $(MAY_INSTALL); }; then echo "There is no $$CHROMIUM here. Install it (Debian: apt-get install chromium), or set CHROMIUM to the path of one." >&2; exit 1; fi; \
	$(APT) chromium

.PHONY: compiler
compiler: ## a C compiler, which Go's race detector needs
	@if command -v gcc >/dev/null; then exit 0; fi; \
	if ! { $(MAY_INSTALL); }; then echo "There is no gcc here. Install it (Debian, Ubuntu: apt-get install gcc libc6-dev)." >&2; exit 1; fi; \
	$(APT) gcc libc6-dev

$(GOLANGCI):
	@mkdir -p $(TOOLS)/new
	GOBIN=$(TOOLS)/new go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	@mv $(TOOLS)/new/golangci-lint $@

$(GOVULNCHECK):
	$(call go-tool,golang.org/x/vuln/cmd/govulncheck)

$(GITLEAKS):
	$(call go-tool,github.com/zricethezav/gitleaks/v8)

$(CYCLONEDX):
	$(call go-tool,github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod)

# The module's version is what the name of the file says; a tool named v8 by its path is called by its own name.
define go-tool
@mkdir -p $(TOOLS)/new
GOBIN=$(TOOLS)/new go install $(1)@v$(lastword $(subst -v, ,$(notdir $@)))
@mv $(TOOLS)/new/$(firstword $(subst -v, ,$(notdir $@))) $@
endef

frontend/node_modules/.package-lock.json e2e/node_modules/.package-lock.json: %/node_modules/.package-lock.json: %/package.json %/package-lock.json
	@command -v npm >/dev/null || { echo "There is no npm here. Install Node.js 20.19 or later, with npm." >&2; exit 1; }
	cd $* && npm ci --no-audit --no-fund
	@touch $@

frontend/dist/index.html: frontend/node_modules/.package-lock.json $(FRONTEND)
	cd frontend && npm run build
