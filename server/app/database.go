package app

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/postgres"
)

// Sizes of the pools: requests; the ledger, whose batches and jobs must never wait for a connection; and the checks, which keep
// one for as long as a verification takes, one each minute's and one the full run's.
const (
	requestConns = 24
	ledgerConns  = 6
	checkConns   = 3
)

// store is the database of this program: the operator's, or a private one that starts and stops with it.
type store struct {
	url, migrateURL string            // of the server's role, and of the owner's
	cluster         *postgres.Cluster // nil where it is not ours to stop
	log             *slog.Logger
}

// openDatabase finds or starts the database.
func openDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (*store, error) {
	if !cfg.DatabaseURL.Empty() {
		s := &store{url: cfg.DatabaseURL.Reveal(), migrateURL: cfg.MigrateDatabaseURL.Reveal(), log: log}
		return s, s.reachable(ctx)
	}
	cluster, err := postgres.Start(ctx, filepath.Join(cfg.DataDir, "postgres"), log)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL is not set, and a private Postgres can't be started: %w", err)
	}
	return &store{url: cluster.URL(), migrateURL: cluster.OwnerURL(), cluster: cluster, log: log}, nil
}

// readDatabase is openDatabase for a command that needs a database with something in it: it makes none, and goes beside a
// server that runs the private Postgres.
func readDatabase(ctx context.Context, cfg config.Config, log *slog.Logger) (*store, error) {
	dir := filepath.Join(cfg.DataDir, "postgres")
	if cfg.DatabaseURL.Empty() && !postgres.Exists(dir) {
		return nil, fmt.Errorf("there is no database in POOL_DATA_DIR (%s); run `serve` or `migrate` first", cfg.DataDir)
	}
	s, err := openDatabase(ctx, cfg, log)
	if !errors.Is(err, postgres.ErrInUse) {
		return s, err
	}
	url, err := postgres.Running(dir)
	return &store{url: url, log: log}, err
}

// unmigrated says of an error what to do where it comes from a database without our tables.
func unmigrated(err error) error {
	if database.Lacks(err) {
		return fmt.Errorf("the database is not up to date; run `migrate` first: %w", err)
	}
	return err
}

// reachable asks under the owner's role where there is one: the server's may be made by the migration only.
func (s *store) reachable(ctx context.Context) error {
	name := "DATABASE_URL"
	if s.migrateURL != s.url {
		name = "MIGRATE_DATABASE_URL"
	}
	db, err := database.Open(s.migrateURL, 1)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("%s: the database can't be reached: %w", name, err)
	}
	return nil
}

func (s *store) migrate(ctx context.Context) error {
	if err := database.MigrateFor(ctx, s.migrateURL, s.url); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// warnOfRights says where the server's role may do more than it has to: then the triggers of the books can be switched off
// by whoever breaks into the server.
func (s *store) warnOfRights(ctx context.Context) error {
	db, err := s.open(1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tooMuch, err := database.TooMuch(ctx, db)
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	if tooMuch != "" {
		s.log.WarnContext(ctx, tooMuch+": its triggers would not stop it from changing the books; give the owner's role in MIGRATE_DATABASE_URL and another in DATABASE_URL")
	}
	return nil
}

func (s *store) open(conns int) (*sql.DB, error) { return database.Open(s.url, conns) }

// gone is closed when a private cluster has ended, whoever ended it.
func (s *store) gone() <-chan struct{} {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Exited()
}

// close stops a private cluster.
func (s *store) close() {
	if s.cluster == nil {
		return
	}
	if err := s.cluster.Stop(); err != nil {
		s.log.Error("the private Postgres did not stop cleanly", "err", err)
	}
}
