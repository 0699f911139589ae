package acceptance

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/dbtest"
	"github.com/resourcepool/resourcepool/server/postgres"
)

const ownsItsTables = "owner of its tables"

func TestAServerSaysWhereItsRoleMayDoTooMuch(t *testing.T) {
	database := dbtest.URL(t)
	two := launch(t, settings(t, database))
	require.NotContains(t, two.out.String(), ownsItsTables)
	one := launch(t, settings(t, database, "DATABASE_URL="+database))
	require.Contains(t, one.out.String(), ownsItsTables)
}

func TestThePrivatePostgresHasARoleForTheServer(t *testing.T) {
	p := launch(t, []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "POOL_DATA_DIR=" + t.TempDir(), "POOL_LISTEN=" + freeAddress(t),
		"POOL_ADMIN_EMAIL=" + adminEmail, "POOL_ADMIN_PASSWORD=" + adminPassword,
	})
	require.NotContains(t, p.out.String(), ownsItsTables)
	p.admin().grant(p.person("tom"), "7")
	address, err := postgres.Running(p.dataDir + "/postgres")
	require.NoError(t, err)
	db := dbtest.Open(t, address)
	for _, statement := range []string{`UPDATE ledger_entries SET amount = 0`, `DELETE FROM ledger_transactions`, `TRUNCATE usage_logs`, `ALTER TABLE ledger_entries DISABLE TRIGGER ALL`} {
		_, err := db.ExecContext(t.Context(), statement)
		require.ErrorContains(t, err, "(42501)", statement)
	}
	p.verified()
}
