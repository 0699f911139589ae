package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	goosedb "github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"

	"github.com/resourcepool/resourcepool/ent/migrate/migrations"
)

const (
	versionTable  = "schema_migrations"
	checksumTable = "schema_migration_checksums"
	lockID        = 0x7265736f75726365 // "resource": servers that start together migrate one after another
	lockTries     = 300                // one a second
)

// Migrate brings the database at address up to date. Servers may call it at once: one does the work, the others wait.
// It fails when Postgres cannot be reached, when a migration fails (which then leaves no trace), and when a file that is
// applied already has changed since.
func Migrate(ctx context.Context, address string) error {
	return migrateFrom(ctx, address, migrations.FS)
}

func migrateFrom(ctx context.Context, address string, files fs.FS) error {
	cfg, err := parse(address)
	if err != nil {
		return err
	}
	sums, err := checksums(files)
	if err != nil {
		return err
	}
	db, err := Open(address, 2) // one holds the lock
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }() // nothing is left to lose
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("database: no connection to Postgres at %s: %w", place(cfg), err)
	}
	if err := verifyApplied(ctx, db, sums); err != nil {
		return err
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockID(lockID), lock.WithLockTimeout(1, lockTries))
	if err != nil {
		return fmt.Errorf("database: migrate: %w", err)
	}
	inner, err := goosedb.NewStore(goosedb.DialectPostgres, versionTable)
	if err != nil {
		return fmt.Errorf("database: migrate: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectCustom, db, files,
		goose.WithStore(recorder{Store: inner, sums: sums}),
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("database: migrate: %w", err)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("database: migrate: %w", err)
	}
	return nil
}

// recorder notes the checksum of each migration in the transaction that applies it.
type recorder struct {
	goosedb.Store
	sums map[int64]checksum
}

func (r recorder) CreateVersionTable(ctx context.Context, db goosedb.DBTxConn) error {
	if err := r.Store.CreateVersionTable(ctx, db); err != nil {
		return err
	}
	_, err := db.ExecContext(ctx, `CREATE TABLE `+checksumTable+` (
		version bigint PRIMARY KEY, file text NOT NULL, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())`)
	return err
}

func (r recorder) Insert(ctx context.Context, db goosedb.DBTxConn, req goosedb.InsertRequest) error {
	if err := r.Store.Insert(ctx, db, req); err != nil {
		return err
	}
	sum, ok := r.sums[req.Version]
	if !ok {
		return nil // version 0: the empty database
	}
	_, err := db.ExecContext(ctx, `INSERT INTO `+checksumTable+` (version, file, sha256) VALUES ($1, $2, $3)`,
		req.Version, sum.file, sum.sha256)
	return err
}

func (r recorder) Delete(ctx context.Context, db goosedb.DBTxConn, version int64) error {
	if _, err := db.ExecContext(ctx, `DELETE FROM `+checksumTable+` WHERE version = $1`, version); err != nil {
		return err
	}
	return r.Store.Delete(ctx, db, version)
}

// verifyApplied compares what this database recorded with the files of this program. A version that the program does not
// know was applied by a newer one, next to which an older one may run while servers are replaced.
func verifyApplied(ctx context.Context, db *sql.DB, sums map[int64]checksum) (err error) {
	var there bool
	if err := db.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, checksumTable).Scan(&there); err != nil {
		return fmt.Errorf("database: read migrations: %w", err)
	}
	if !there {
		return nil
	}
	rows, err := db.QueryContext(ctx, `SELECT version, file, sha256 FROM `+checksumTable+` ORDER BY version`)
	if err != nil {
		return fmt.Errorf("database: read migrations: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var version int64
		var was checksum
		if err := rows.Scan(&version, &was.file, &was.sha256); err != nil {
			return fmt.Errorf("database: read migrations: %w", err)
		}
		if now, ok := sums[version]; ok && now.sha256 != was.sha256 {
			return fmt.Errorf("database: migration %s was applied to this database and has changed since; restore the file and put the change into a new one", now.file)
		}
	}
	return rows.Err()
}

// Lacks reports whether err comes from a table that is not there: the database needs a migration.
func Lacks(err error) bool {
	var e *pq.Error
	return errors.As(err, &e) && e.Code == "42P01"
}
