package database_test

import (
	"database/sql"
	"fmt"
	"slices"
	"testing"

	"entgo.io/ent/schema/field"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent/migrate"
	"github.com/resourcepool/resourcepool/server/dbtest"
)

// What Postgres may call a column that Ent reads as a field type.
var columnTypes = map[field.Type][]string{
	field.TypeString:  {"text"},
	field.TypeEnum:    {"text"},
	field.TypeBytes:   {"bytea"},
	field.TypeBool:    {"boolean"},
	field.TypeTime:    {"timestamp with time zone"},
	field.TypeJSON:    {"jsonb"},
	field.TypeInt:     {"bigint", "integer", "smallint"},
	field.TypeInt64:   {"bigint", "integer", "smallint"},
	field.TypeInt32:   {"integer", "smallint"},
	field.TypeInt16:   {"smallint"},
	field.TypeFloat64: {"double precision"},
}

// The schema of Ent is written by hand, and so are the migrations: they must describe one database.
func TestEntAgreesWithTheMigratedDatabase(t *testing.T) {
	db := dbtest.New(t)
	require.NotEmpty(t, migrate.Tables)
	for _, table := range migrate.Tables {
		t.Run(table.Name, func(t *testing.T) {
			columns := columnsOf(t, db, table.Name)
			require.NotEmpty(t, columns, "the table is missing")
			for _, want := range table.Columns {
				got, ok := columns[want.Name]
				if !ok {
					t.Errorf("%s: the column is missing", want.Name)
					continue
				}
				if types := columnTypes[want.Type]; !slices.Contains(types, got.kind) {
					t.Errorf("%s: the database has %s, Ent reads %s", want.Name, got.kind, want.Type)
				}
				if got.nullable != want.Nullable {
					t.Errorf("%s: nullable is %t in the database and %t in Ent", want.Name, got.nullable, want.Nullable)
				}
				delete(columns, want.Name)
			}
			for name, c := range columns {
				if !c.nullable && !c.filled {
					t.Errorf("%s: Ent does not know this column, and it must be given", name)
				}
			}
		})
	}
}

type column struct {
	kind     string
	nullable bool
	filled   bool // by a default or an identity
}

func columnsOf(t *testing.T, db *sql.DB, table string) map[string]column {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT column_name, data_type, is_nullable = 'YES', column_default IS NOT NULL OR is_identity = 'YES'
		FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`, table)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns := map[string]column{}
	for rows.Next() {
		var name string
		var c column
		require.NoError(t, rows.Scan(&name, &c.kind, &c.nullable, &c.filled))
		columns[name] = c
	}
	require.NoError(t, rows.Err(), fmt.Sprintf("columns of %s", table))
	return columns
}
