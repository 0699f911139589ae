package migrations

// A server's role reads and writes the rows of every table and owns none. Of these it may do less.
var (
	// Logs are only ever added to.
	Logs = []string{
		"audit_events", "key_accesses", "ledger_entries", "ledger_transactions", "ledger_verifications", "routing_decisions", "usage_logs",
	}
	// Records are only read.
	Records = []string{"schema_migration_checksums", "schema_migrations"}
)
