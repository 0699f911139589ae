package ledger_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
)

// partitions returns those of a log.
func partitions(t *testing.T, db testDB, log string) (names []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY 1`, log)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	require.NotEmpty(t, names)
	return names
}

func TestEveryPartitionOfTheBooksIsGuarded(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	grant(t, l, source.New(ids.User), one)
	for _, log := range []string{"ledger_transactions", "ledger_entries", "usage_logs"} {
		for _, table := range append(partitions(t, db, log), log) {
			t.Run(table, func(t *testing.T) {
				var guards []byte
				require.NoError(t, db.QueryRowContext(t.Context(), `SELECT string_agg(tgname || ' ' || tgtype::text || ' ' || tgenabled::text, ', ' ORDER BY tgname)
					FROM pg_trigger WHERE tgrelid = $1::text::regclass AND tgfoid = 'ledger_refuse'::regproc`, table).Scan(&guards))
				want := "no_truncate 34 A" // BEFORE TRUNCATE, always
				if table != log {
					want = "append_only 27 A, " + want // BEFORE each row's UPDATE or DELETE, always
				}
				require.Equal(t, want, string(guards))
				for _, statement := range []string{
					`UPDATE %s SET ` + map[string]string{"ledger_transactions": "memo = ''", "ledger_entries": "amount = 0", "usage_logs": "model = ''"}[log],
					`DELETE FROM %s`, `TRUNCATE %s`, `ALTER TABLE %s DISABLE TRIGGER ALL`, `DROP TABLE %s`,
				} {
					_, err := db.app.ExecContext(t.Context(), fmt.Sprintf(statement, table))
					require.ErrorContains(t, err, "(42501)", statement)
				}
				_, err := db.ExecContext(t.Context(), `TRUNCATE `+table)
				require.ErrorContains(t, err, "append-only", "even the owner")
			})
		}
	}
	for _, log := range []string{"ledger_transactions", "ledger_entries", "usage_logs", "routing_decisions"} {
		var defaults int
		require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_partitioned_table WHERE partrelid = $1::text::regclass AND partdefid <> 0`, log).Scan(&defaults))
		require.Zero(t, defaults, "a row that no partition was cut for is an error, not a row that is out of the way")
	}
	clean(t, db)
}

func TestWhatAServersRoleCutsIsGuardedAndOnTheList(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	before := len(partitions(t, db, "ledger_entries"))
	_, err := db.Exec(`CREATE TABLE others (id text) PARTITION BY RANGE (id)`)
	require.NoError(t, err)
	for _, args := range []string{
		`'others', '7', 'a', 'b'`,
		`'ledger_accounts', '7', '70000001', '80000001'`, `'users', '7', 'a', 'b'`,
		`'ledger_entries', 'x; DROP TABLE users', '70000001', '80000001'`, `'ledger_entries', '', '70000001', '80000001'`,
	} {
		_, err := db.app.ExecContext(t.Context(), `SELECT ledger_cut(`+args+`)`)
		require.ErrorContains(t, err, "is cut", args)
	}
	_, err = dbtest.Open(t, db.url).ExecContext(t.Context(), `SET search_path = pg_temp; SELECT public.ledger_cut('ledger_entries', '7', '70000001', '80000001')`)
	require.NoError(t, err)
	after := partitions(t, db, "ledger_entries")
	require.Len(t, after, before+1)
	var guards int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_trigger WHERE tgrelid = 'ledger_entries_7'::regclass AND tgenabled = 'A'`).Scan(&guards))
	require.Equal(t, 2, guards)
	require.NoError(t, l.Cut(t.Context()))
	clean(t, db)
}

// The size of partitions may change between versions: what is covered stays, what is not is cut, and no start fails.
func TestPartitionsOfAnotherSizeAreWorkedAround(t *testing.T) {
	db := fresh(t)
	start(t, db, "")
	var top int64
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT max((regexp_match(pg_get_expr(relpartbound, oid), $re$TO \('(\d+)'\)$re$))[1]::bigint)
		FROM pg_class WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'ledger_entries'::regclass)`).Scan(&top))
	cut := func(suffix string, low, high int64) (made bool) {
		t.Helper()
		require.NoError(t, db.app.QueryRowContext(t.Context(), `SELECT ledger_cut('ledger_entries', $1, $2::bigint::text, $3::bigint::text)`, suffix, low, high).Scan(&made))
		return made
	}
	require.False(t, cut("50", 101, 201), "covered")
	require.True(t, cut("0", top-100, top+100), "half covered, under a name that is taken")
	require.True(t, cut("51", top+200, top+300))
	require.True(t, cut("52", top+50, top+300), "what is between two")
	require.False(t, cut("53", top-100, top+300))
	_, err := db.ExecContext(t.Context(), `INSERT INTO ledger_entries SELECT s, 0, 'platform.loss', 0, NULL, '' FROM generate_series($1::bigint, $2) s`, top, top+299)
	require.NoError(t, err, "no gap is left")
}

// A reader that takes its time, as a verification does, must not keep a partition from being cut, nor writers behind it.
func TestCuttingDoesNotWaitForReaders(t *testing.T) {
	db := fresh(t)
	l, _ := start(t, db, "")
	tx, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, tx.Rollback()) }()
	_, err = tx.ExecContext(t.Context(), `SELECT count(*) FROM ledger_entries`)
	require.NoError(t, err)
	_, err = dbtest.Open(t, db.url).ExecContext(t.Context(), `SET lock_timeout = '3s'; SELECT ledger_cut('ledger_entries', '7', '70000001', '80000001')`)
	require.NoError(t, err)
	grant(t, l, source.New(ids.User), one)
}

func TestOldRoutingDecisionsGoByTheWeek(t *testing.T) {
	db := fresh(t)
	start(t, db, "")
	_, err := db.app.ExecContext(t.Context(), `SELECT ledger_cut('routing_decisions', '20250106', 'use_0', 'use_01')`)
	require.NoError(t, err)
	before := partitions(t, db, "routing_decisions")
	require.Contains(t, before, "routing_decisions_20250106")
	_, err = db.app.ExecContext(t.Context(), `SELECT ledger_drop_decisions()`)
	require.NoError(t, err)
	after := partitions(t, db, "routing_decisions")
	require.NotContains(t, after, "routing_decisions_20250106")
	require.Len(t, after, len(before)-1)
}
