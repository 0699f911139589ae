package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/postgres"
)

const (
	keys      = 12 // of the platform
	consumers = 100
	model     = "gpt-4"
	quota     = "1000000" // USD of each key
	granted   = "1000000" // Credits to each consumer

	bareKey       = "sk-bench-bare-0123456789"
	adminEmail    = "admin@example.org"
	adminPassword = "correct horse battery"
)

// world is what is measured: the program on its Postgres, the upstream, and who asks.
type world struct {
	o                       options
	binary                  string
	cluster                 *postgres.Cluster
	postmaster              string // process
	upstream, pool          *process
	env                     []string // of the program
	upstreamAt, poolAt, ops string   // addresses; ops is that of the metrics
	tokens                  []string // of the consumers

	// What was sent so far, and what the books have to say of it.
	bare, pooled, calls int64 // requests; calls are those of the upstream that were none of ours
	charged             money.Credits
}

// start brings everything up, with keys, prices and consumers. What it started before an error it stops.
func start(ctx context.Context, dir string, o options) (_ *world, err error) {
	w := &world{o: o}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.stop())
		}
	}()
	if w.binary, err = build(ctx, dir, o); err != nil {
		return nil, err
	}
	say("starting Postgres, the upstream and the program")
	data := filepath.Join(dir, "postgres")
	if w.cluster, err = postgres.Start(ctx, data, slog.New(slog.DiscardHandler)); err != nil {
		return nil, err
	}
	pid, err := os.ReadFile(filepath.Join(data, "data", "postmaster.pid"))
	if err != nil {
		return nil, err
	}
	w.postmaster, _, _ = strings.Cut(string(pid), "\n")
	if err := database.MigrateFor(ctx, w.cluster.OwnerURL(), w.cluster.URL()); err != nil {
		return nil, err
	}
	for _, address := range []*string{&w.upstreamAt, &w.poolAt, &w.ops} {
		if *address, err = free(ctx); err != nil {
			return nil, err
		}
	}
	if err := w.serve(ctx, dir); err != nil {
		return nil, err
	}
	if err := w.populate(ctx); err != nil {
		return nil, fmt.Errorf("set up: %w", err)
	}
	// Anew: to hash the passwords of consumers took memory that serving does not.
	if err := errors.Join(w.pool.stop(), w.run(ctx, dir)); err != nil {
		return nil, err
	}
	w.calls, err = w.served(ctx)
	return w, err
}

// serve starts the upstream and the program.
func (w *world) serve(ctx context.Context, dir string) (err error) {
	var known []string
	for _, k := range append(platformKeys(), bareKey) {
		known = append(known, k+"="+quota)
	}
	home := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir}
	if w.upstream, err = launch(ctx, "upstream", filepath.Join(dir, "upstream.log"), "http://"+w.upstreamAt+"/sandbox/totals", home,
		w.binary, "sandbox", "--listen", w.upstreamAt, "--length", fmt.Sprint(w.o.answer), "--keys", strings.Join(known, ",")); err != nil {
		return err
	}
	master := make([]byte, 32)
	if _, err := rand.Read(master); err != nil {
		return err
	}
	w.env = append(home, "DATABASE_URL="+w.cluster.URL(), "MIGRATE_DATABASE_URL="+w.cluster.OwnerURL(), "POOL_MASTER_KEY="+base64.StdEncoding.EncodeToString(master),
		"POOL_DATA_DIR="+filepath.Join(dir, "data"), "POOL_LISTEN="+w.poolAt, "POOL_METRICS_LISTEN="+w.ops, "POOL_ADMIN_EMAIL="+adminEmail,
		"POOL_ADMIN_PASSWORD="+adminPassword, "POOL_SIGNUPS_PER_HOUR=0", "POOL_RATE_LIMIT_RPM=0", "POOL_QUERY_COST_PER_MINUTE=0", "POOL_PROVIDER_URLS=openai=http://"+w.upstreamAt+"/v1")
	return w.run(ctx, dir)
}

// run starts the program, which may have run before.
func (w *world) run(ctx context.Context, dir string) (err error) {
	w.pool, err = launch(ctx, "program", filepath.Join(dir, "program.log"), "http://"+w.poolAt+"/readyz", w.env, w.binary, "serve")
	return err
}

// stop ends what runs, in the opposite order. It may be called again.
func (w *world) stop() error {
	err := errors.Join(w.pool.stop(), w.upstream.stop())
	if w.cluster != nil {
		err = errors.Join(err, w.cluster.Stop())
		w.cluster = nil
	}
	return err
}

func platformKeys() []string {
	out := make([]string, keys)
	for i := range out {
		out[i] = fmt.Sprintf("sk-bench-platform-%02d-0123456789", i)
	}
	return out
}

// slow sets how long the upstream takes for every token.
func (w *world) slow(ctx context.Context, perToken time.Duration) error {
	_, err := call(ctx, "PUT", "http://"+w.upstreamAt+"/sandbox/keys/*/latency", strings.NewReader(fmt.Sprintf(`{"perToken":%d}`, perToken)), nil)
	return err
}
