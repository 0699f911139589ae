package ledger

// Table describes rows of another package that are written in the ledger's batches. All rows of a batch go in by one
// statement over arrays.
type Table struct {
	Name string
	// Rank orders the tables within a batch, the same on every server.
	Rank int
	// SQL takes one array per column, e.g. INSERT INTO t (…) SELECT * FROM unnest($1::text[], $2::bigint[]). For guards
	// it ends with ON CONFLICT DO NOTHING RETURNING and the key.
	SQL string
	// Types are the element types of the arrays: text, bigint, float8, bool, bytea, timestamptz, jsonb.
	Types []string
}

// Row is a row of such a table that stands or falls with its operation.
type Row interface {
	Table() *Table
	// Key identifies the row within its table; rows go in by its order.
	Key() string
	// Values are one per column: string types, int64 types, float64, bool, []byte, time.Time, pointers to them, or nil.
	Values() []any
	// Merge folds a later row of the same batch and key into this one; guards are never merged.
	Merge(later Row) Row
}
