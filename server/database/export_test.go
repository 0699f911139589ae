package database

// For tests that bring their own history; they are outside because dbtest imports this package.
var (
	MigrateFrom = migrateFrom
	Checksums   = checksums
)
