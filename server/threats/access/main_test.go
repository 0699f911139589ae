// Package access proves from outside that nobody gets in who has no business there, and that nobody does or sees what is not
// theirs. server/threats/off takes the controls of the rows away.
package access

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/programtest"
)

type (
	program = programtest.Program
	client  = programtest.Client
	vars    = programtest.Vars
)

func TestMain(m *testing.M) { programtest.Main(m) }

// one is a server and its database.
func one(t *testing.T, more ...string) (*program, *sql.DB) {
	t.Helper()
	database := dbtest.URL(t)
	return programtest.Launch(t, programtest.Settings(t, database, more...)), dbtest.Open(t, database)
}

// text is what a query of one row and column returns.
func text(t *testing.T, db *sql.DB, query string, args ...any) (out string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query, args...).Scan(&out))
	return out
}
