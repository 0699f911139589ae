// Package dbtest gives every test a migrated Postgres database of its own, cloned from a template in some 50 ms.
//
// POOL_TEST_DATABASE_URL is the address of a Postgres superuser; `make test` and `go run ./server/dbtest/withdb -- …` set
// it. Without it tests fail, never skip: what the ledger promises is a matter of the real thing. The database of a failed
// test stays, and the test's log has its address. Imports: database; only tests import it.
package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"testing"

	"github.com/peterldowns/pgtestdb"

	"github.com/resourcepool/resourcepool/server/database"
)

// Variable names the environment variable with the address of the Postgres that the databases are made in.
const Variable = "POOL_TEST_DATABASE_URL"

const maxConns = 16

// New returns a pool on a fresh migrated database, which is dropped after the test.
func New(tb testing.TB) *sql.DB {
	tb.Helper()
	return Open(tb, URL(tb))
}

// Open returns a pool on a database that URL or Empty made, closed after the test.
func Open(tb testing.TB, address string) *sql.DB {
	tb.Helper()
	db, err := database.Open(address, maxConns)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() }) // a pool that cannot be closed says so by its open connections
	return db
}

// Writer returns the one connection of a ledger's writer to a database that URL made, closed after the test.
func Writer(tb testing.TB, address string) *sql.DB {
	tb.Helper()
	db, err := database.OpenWriter(address)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// URL returns the address of a fresh migrated database under the role that owns its tables, for programs that the test
// starts. It is dropped after the test.
func URL(tb testing.TB) string {
	tb.Helper()
	return create(tb, migrator{})
}

// App returns a database's address, one that URL made, under the role of a server, which owns nothing in it.
func App(tb testing.TB, address string) string {
	tb.Helper()
	out, err := asApp(address)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func asApp(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword("pgtdbapp", "pgtdbapp")
	return u.String(), nil
}

// Empty returns the address of a fresh database without any table.
func Empty(tb testing.TB) string {
	tb.Helper()
	return create(tb, pgtestdb.NoopMigrator{})
}

func create(tb testing.TB, m pgtestdb.Migrator) string {
	tb.Helper()
	cfg, err := admin(os.Getenv(Variable))
	if err != nil {
		tb.Fatalf("dbtest: %v", err)
	}
	return pgtestdb.Custom(tb, cfg, m).URL()
}

func admin(address string) (pgtestdb.Config, error) {
	if address == "" {
		return pgtestdb.Config{}, fmt.Errorf("%s is not set; run the tests by `make test`, or by `go run ./server/dbtest/withdb -- go test ./server/…`", Variable)
	}
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return pgtestdb.Config{}, fmt.Errorf("%s is not of the form postgres://user:password@host:port/database", Variable)
	}
	password, _ := u.User.Password()
	cfg := pgtestdb.Config{
		DriverName: "postgres", // registered by package database's driver
		Host:       u.Hostname(),
		Port:       u.Port(),
		User:       u.User.Username(),
		Password:   password,
		Database:   u.Path[min(1, len(u.Path)):],
		Options:    u.RawQuery,
		TestRole:   &pgtestdb.Role{Username: pgtestdb.DefaultRoleUsername, Password: pgtestdb.DefaultRolePassword, Capabilities: "NOSUPERUSER CREATEROLE"},
		// A test may kill a program on its database; the server notices only later.
		ForceTerminateConnections: true,
	}
	return cfg, nil
}

// migrator makes the template. Its hash is that of the migrations, so that a change of them makes a new one.
type migrator struct{}

var _ pgtestdb.Migrator = migrator{}

func (migrator) Hash() (string, error) { return database.SchemaHash() }

func (migrator) Migrate(ctx context.Context, _ *sql.DB, cfg pgtestdb.Config) error {
	app, err := asApp(cfg.URL())
	if err != nil {
		return err
	}
	return database.MigrateFor(ctx, cfg.URL(), app)
}
