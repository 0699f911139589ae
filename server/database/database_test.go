package database_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
)

func TestSessions(t *testing.T) {
	db := dbtest.New(t)

	t.Run("speak UTC", func(t *testing.T) {
		var zone string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW timezone").Scan(&zone))
		require.Equal(t, "UTC", zone)

		var at time.Time
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT timestamptz '2026-03-01 12:00+08'").Scan(&at))
		require.Equal(t, time.UTC, at.Location())
		require.Equal(t, 4, at.Hour())
	})
	t.Run("do not hold locks idly", func(t *testing.T) {
		var limit string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&limit))
		require.Equal(t, "1min", limit)
	})
	t.Run("of requests end what takes long", func(t *testing.T) {
		db, err := database.OpenRequests(dbtest.Empty(t), 1)
		require.NoError(t, err)
		defer func() { _ = db.Close() }()
		var limit string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW statement_timeout").Scan(&limit))
		require.Equal(t, "10s", limit)
	})
}

func TestAddress(t *testing.T) {
	t.Run("a parameter of the address wins", func(t *testing.T) {
		db := dbtest.Open(t, dbtest.Empty(t)+"&idle_in_transaction_session_timeout=7s")
		var limit string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW idle_in_transaction_session_timeout").Scan(&limit))
		require.Equal(t, "7s", limit)
	})
	t.Run("an error does not repeat the password", func(t *testing.T) {
		for _, address := range []string{
			"postgres://u:hunter2@host:notaport/db",
			"postgres://u:hunter2@%zz/db",
			"postgres://u:hunter2@host/db?sslmode=perhaps",
			"postgres://u:hunter2@127.0.0.1:1/db?sslmode=disable",
		} {
			err := database.Migrate(t.Context(), address)
			require.Error(t, err, address)
			require.NotContains(t, err.Error(), "hunter2")
		}
	})
	t.Run("a missing Postgres is named by its place", func(t *testing.T) {
		err := database.Migrate(t.Context(), "postgres://u:p@127.0.0.1:1/db?sslmode=disable")
		require.ErrorContains(t, err, "no connection to Postgres at 127.0.0.1:1")
	})
}
