package feed

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/dbtest"
)

func TestOldChangesAreForgottenAndYoungOnesStay(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	_, err := db.Exec(`INSERT INTO changes (kind, ref, at) VALUES ('user', 'old', now() - interval '61 minutes'), ('user', 'young', now() - interval '59 minutes')`)
	require.NoError(t, err)
	s := &store{client: database.Ent(db)}
	require.NoError(t, s.prune(t.Context(), time.Hour))
	left, err := s.changes(t.Context(), changeID{Xid: "0"})
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Equal(t, "young", left[0].Ref)
}
