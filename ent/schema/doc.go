// Package schema has one entity per file, as the program reads and writes them. The tables themselves are made by the SQL of
// ent/migrate/migrations; a test holds the two together. Imports: ids, money.
package schema
