// Package database opens the Postgres that everything is kept in, and brings its schema up to date.
//
// It knows addresses, pools and migrations, and no table of the product. Sessions speak UTC, and one that holds a
// transaction open without working is ended by the server, so that a lost program cannot keep locks. No error of this
// package contains a password. Imports: ent.
package database

import (
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"
	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/ent"
)

const (
	connectTimeout = 5 * time.Second
	idleTime       = 5 * time.Minute
	lifetime       = time.Hour // a failed-over or rebalanced primary is found again
)

// statementLimit ends what a request asks of Postgres: by then its client has gone, and what comes after it waits.
const statementLimit = "10s"

// Runtime parameters of every session, unless the address names its own.
var parameters = map[string]string{
	"timezone":                            "UTC",
	"idle_in_transaction_session_timeout": "60s",
	// A server whose machine vanished is noticed in half a minute, not in the two hours of the kernel's default.
	"tcp_keepalives_idle":     "10",
	"tcp_keepalives_interval": "5",
	"tcp_keepalives_count":    "4",
}

// Open returns a pool of at most maxConns connections to the Postgres at address: a postgres:// URL, or the key=value
// form of libpq. It does not connect yet.
func Open(address string, maxConns int) (*sql.DB, error) {
	cfg, err := parse(address)
	if err != nil {
		return nil, err
	}
	return open(cfg, maxConns)
}

// OpenRequests is Open for what answers requests: a statement that takes long is ended.
func OpenRequests(address string, maxConns int) (*sql.DB, error) {
	cfg, err := parse(address)
	if err != nil {
		return nil, err
	}
	if _, ok := cfg.Runtime["statement_timeout"]; !ok {
		cfg.Runtime["statement_timeout"] = statementLimit
	}
	return open(cfg, maxConns)
}

func open(cfg pq.Config, maxConns int) (*sql.DB, error) {
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", withoutAddress(err))
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxIdleTime(idleTime)
	db.SetConnMaxLifetime(lifetime)
	return db, nil
}

// OpenWriter returns a pool of exactly one connection for a writer that keeps its statements prepared: plans are made once,
// and a transaction that lost its program gives its locks back within 10 s.
func OpenWriter(address string) (*sql.DB, error) {
	cfg, err := parse(address)
	if err != nil {
		return nil, err
	}
	cfg.Runtime["idle_in_transaction_session_timeout"] = "10s"
	cfg.BinaryParameters = true // arrays go over as the ledger builds them
	cfg.Runtime["plan_cache_mode"] = "force_generic_plan"
	cfg.Runtime["enable_seqscan"] = "off" // all is found by its key; a plan of when a table was empty must not read through it later
	cfg.Runtime["synchronous_commit"] = "on"
	connector, err := pq.NewConnectorConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("database: %w", withoutAddress(err))
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
	return db, nil
}

// Ent returns the client of the schema over db. Closing it closes db.
func Ent(db *sql.DB) *ent.Client {
	return ent.NewClient(ent.Driver(entsql.OpenDB(dialect.Postgres, db)))
}

// Check reports whether address can be understood. It does not connect.
func Check(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (pq.Config, error) {
	cfg, err := pq.NewConfig(address)
	if err != nil {
		return pq.Config{}, fmt.Errorf("database: the address of Postgres: %w", withoutAddress(err))
	}
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = connectTimeout
	}
	if cfg.ApplicationName == "" {
		cfg.ApplicationName = "resourcepool"
	}
	if cfg.Runtime == nil {
		cfg.Runtime = map[string]string{}
	}
	for name, value := range parameters {
		if _, ok := cfg.Runtime[name]; !ok {
			cfg.Runtime[name] = value
		}
	}
	return cfg, nil
}

// withoutAddress strips what could repeat the address, and the password with it.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// place names the server that cfg points to, for error messages.
func place(cfg pq.Config) string {
	if strings.HasPrefix(cfg.Host, "/") || strings.HasPrefix(cfg.Host, "@") {
		return cfg.Host
	}
	return net.JoinHostPort(cfg.Host, strconv.Itoa(int(cfg.Port)))
}
