package journal_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/origin"
)

func TestRowsStandOrFallWithTheTransaction(t *testing.T) {
	db := dbtest.New(t)
	client, source, at := database.Ent(db), ids.System(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	write := func(tx journal.Execer) {
		require.NoError(t, journal.Change(t.Context(), tx, journal.User, "usr_a"))
		require.NoError(t, journal.Audit(t.Context(), tx, journal.Event{ID: source.New(ids.Audit), At: at, Action: "user.roles", Subject: "usr_a"}))
		require.NoError(t, journal.Audit(t.Context(), tx, journal.Event{
			ID: source.New(ids.Audit), At: at, Actor: "usr_b", Action: "user.roles", Subject: "usr_a", Detail: map[string]any{"roles": []string{"USER"}},
		}))
		require.NoError(t, journal.Alert(t.Context(), tx, journal.Notice{ID: source.New(ids.Alert), At: at, Kind: "k", Subject: "s", Message: "m"}))
	}
	count := func(table string) (n int) {
		require.NoError(t, db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		return n
	}

	tx, err := client.Tx(t.Context())
	require.NoError(t, err)
	write(tx.Client())
	require.NoError(t, tx.Rollback())
	assert.Zero(t, count("changes")+count("audit_events")+count("alerts"))

	plain, err := db.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	write(plain)
	require.NoError(t, plain.Commit())
	assert.Equal(t, []int{1, 2, 1}, []int{count("changes"), count("audit_events"), count("alerts")})

	events, err := client.AuditEvent.Query().All(t.Context())
	require.NoError(t, err)
	assert.Nil(t, events[0].ActorID, "the platform itself")
	assert.Nil(t, events[0].Detail)
	assert.Equal(t, ids.ID("usr_b"), *events[1].ActorID)
	assert.Equal(t, map[string]any{"roles": []any{"USER"}}, events[1].Detail)

	_, err = db.ExecContext(t.Context(), `UPDATE audit_events SET actor_id = NULL`)
	assert.ErrorContains(t, err, "append-only", "what was done can't be taken back")
	_, err = db.ExecContext(t.Context(), `DELETE FROM audit_events`)
	assert.ErrorContains(t, err, "append-only")
}

func TestOneAlertIsOpenPerKindAndSubject(t *testing.T) {
	db := dbtest.New(t)
	client, source, at := database.Ent(db), ids.System(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	raise := func(kind, subject, message string) {
		n := journal.Notice{ID: source.New(ids.Alert), At: at, Kind: kind, Subject: subject, Message: message}
		require.NoError(t, journal.Alert(t.Context(), client, n))
	}
	messages := func() (out []string) {
		all, err := client.Alert.Query().All(t.Context())
		require.NoError(t, err)
		for _, a := range all {
			out = append(out, a.Message)
		}
		return out
	}
	raise("clamped", "res_a", "first")
	raise("clamped", "res_a", "again")
	raise("clamped", "res_b", "another subject")
	raise("dead", "res_a", "another kind")
	assert.ElementsMatch(t, []string{"first", "another subject", "another kind"}, messages())

	require.NoError(t, journal.Resolve(t.Context(), client, "clamped", "res_a", at))
	raise("clamped", "res_a", "after it was resolved")
	assert.Len(t, messages(), 4)
}

func TestAnEventSaysWhereItCameFrom(t *testing.T) {
	client := database.Ent(dbtest.New(t))
	from := origin.Origin{Request: "req_a", Actor: "usr_a", Session: "ses_a", Token: "tok_a", IP: "192.0.2.1", UserAgent: "curl/8"}
	e := journal.Event{ID: ids.System().New(ids.Audit), At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Actor: "usr_a", Action: "user.roles", Subject: "usr_b", Reason: "asked for it"}
	require.NoError(t, journal.Audit(origin.With(t.Context(), from), client, e))
	got := client.AuditEvent.Query().OnlyX(t.Context())
	assert.Equal(t, from, origin.Origin{Request: got.RequestID, Actor: *got.ActorID, Session: got.SessionID, Token: got.TokenID, IP: got.IP, UserAgent: got.UserAgent})
	assert.Equal(t, "asked for it", got.Reason)
}
