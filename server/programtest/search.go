package programtest

import (
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
)

// Database is the database of the program, under the role that owns its tables.
func (p *Program) Database() *sql.DB {
	p.T.Helper()
	return dbtest.Open(p.T, Variable(p.Env, "MIGRATE_DATABASE_URL"))
}

// Exec runs a statement in the program's database.
func (p *Program) Exec(db *sql.DB, query string, args ...any) {
	p.T.Helper()
	_, err := db.ExecContext(p.T.Context(), query, args...)
	require.NoError(p.T, err, query)
}

// Changed tells the servers that what a change names was changed behind their back, and so has them read it anew.
func (p *Program) Changed(db *sql.DB, kind, ref string) {
	p.T.Helper()
	p.Exec(db, `INSERT INTO changes (kind, ref) VALUES ($1, $2)`, kind, ref)
}

// Holding returns the tables that have a text in any column of any row, as it stands or as bytes.
func (p *Program) Holding(db *sql.DB, text string) (tables []string) {
	p.T.Helper()
	rows, err := db.QueryContext(p.T.Context(), `SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition`)
	require.NoError(p.T, err)
	defer func() { _ = rows.Close() }()
	var all []string
	for rows.Next() {
		var name string
		require.NoError(p.T, rows.Scan(&name))
		all = append(all, name)
	}
	require.NoError(p.T, rows.Err())
	require.Greater(p.T, len(all), 20, "the tables of a pool")
	for _, table := range all {
		var n int
		// A row's text has bytes in hexadecimal.
		query := fmt.Sprintf(`SELECT count(*) FROM %q t WHERE position($1 IN t::text) > 0 OR position($2 IN t::text) > 0`, table)
		require.NoError(p.T, db.QueryRowContext(p.T.Context(), query, text, hex.EncodeToString([]byte(text))).Scan(&n))
		if n > 0 {
			tables = append(tables, table)
		}
	}
	return tables
}

// Says reports whether the program wrote a text.
func (p *Program) Says(text string) bool { return strings.Contains(p.Out.String(), text) }
