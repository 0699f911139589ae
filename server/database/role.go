package database

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/ent/migrate/migrations"
)

// MigrateFor is Migrate as the role of the address owner, after which the role of the address app may do what a server
// does and no more: read and write rows, add to logs, call functions. It may not change what is in a log, truncate, define,
// or switch a trigger off. The role is made where it is missing; what it owns already becomes the owner's. Rights follow
// from the tables that are there, so those of later migrations have theirs.
func MigrateFor(ctx context.Context, owner, app string) error {
	ours, err := parse(owner)
	if err != nil {
		return err
	}
	theirs, err := parse(app)
	if err != nil {
		return err
	}
	if ours.User == theirs.User {
		return Migrate(ctx, owner)
	}
	db, err := Open(owner, 1)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("database: no connection to Postgres at %s: %w", place(ours), err)
	}
	if err := exclusively(ctx, db, func(tx *sql.Tx) error { return provideRole(ctx, tx, theirs.User, theirs.Password) }); err != nil {
		return fmt.Errorf("database: the role %s: %w", theirs.User, err)
	}
	if err := Migrate(ctx, owner); err != nil {
		return err
	}
	if err := exclusively(ctx, db, func(tx *sql.Tx) error { return grant(ctx, tx, theirs.User) }); err != nil {
		return fmt.Errorf("database: the rights of %s: %w", theirs.User, err)
	}
	return nil
}

// exclusively runs f in a transaction; servers that start together do it one after another.
func exclusively(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtext('resourcepool roles'))`); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// provideRole makes the role where it is missing, and takes over what it owns here from times when one role did everything.
func provideRole(ctx context.Context, tx *sql.Tx, role, password string) error {
	var there, mayMake bool
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
		EXISTS (SELECT FROM pg_roles WHERE rolname = current_user AND (rolcreaterole OR rolsuper))`, role).Scan(&there, &mayMake)
	switch {
	case err != nil:
		return err
	case there:
		return takeOver(ctx, tx, role)
	case !mayMake:
		return errors.New("it does not exist, and the role of MIGRATE_DATABASE_URL may not make it: " +
			"as an administrator of Postgres, run CREATE ROLE " + pq.QuoteIdentifier(role) + " LOGIN PASSWORD '…', or ALTER ROLE … CREATEROLE for the other")
	}
	statement := `CREATE ROLE ` + pq.QuoteIdentifier(role) + ` LOGIN` //nolint:gosec // quoted; a name is no parameter
	if password != "" {
		secret, err := scram(password)
		if err != nil {
			return err
		}
		statement += ` PASSWORD ` + pq.QuoteLiteral(secret)
	}
	_, err = tx.ExecContext(ctx, statement)
	return err
}

// scram is what Postgres keeps of a password, made here so that the password itself is in no statement and no log.
func scram(password string) (string, error) {
	const rounds = 4096
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return "", err
	}
	salted, err := pbkdf2.Key(sha256.New, password, salt, rounds, sha256.Size)
	if err != nil {
		return "", err
	}
	keyed := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(keyed("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", rounds, b64(salt), b64(stored[:]), b64(keyed("Server Key"))), nil
}

// takeOver makes the tables and functions of the role the owner's.
func takeOver(ctx context.Context, tx *sql.Tx, role string) error {
	statements, err := readStatements(ctx, tx, `SELECT 'ALTER TABLE ' || c.oid::regclass || ' OWNER TO CURRENT_USER' FROM pg_class c
			WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner = $1::text::regrole
		UNION ALL SELECT 'ALTER FUNCTION ' || p.oid::regprocedure || ' OWNER TO CURRENT_USER' FROM pg_proc p
			WHERE p.pronamespace = current_schema()::regnamespace AND p.proowner = $1::text::regrole`, pq.QuoteIdentifier(role))
	if err != nil {
		return err
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("it owns tables, and they can't be taken over; make MIGRATE_DATABASE_URL the role that owns them and DATABASE_URL another, "+
				"or GRANT %s to the owner's role: %w", pq.QuoteIdentifier(role), err)
		}
	}
	return nil
}

func readStatements(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]string, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// relation is a table or a sequence, and what the role may do with it.
type relation struct {
	name      string
	kind      string
	partition bool
	may       []string
}

// wanted is what the role is to have. Partitions are reached through their table alone, so that those which are cut later
// need no grants of their own.
func (r relation) wanted() []string {
	switch {
	case r.partition:
		return nil
	case r.kind == "S":
		return []string{"USAGE"}
	case slices.Contains(migrations.Records, r.name):
		return []string{"SELECT"}
	case slices.Contains(migrations.Logs, r.name):
		return []string{"INSERT", "SELECT"}
	}
	return []string{"DELETE", "INSERT", "SELECT", "UPDATE"}
}

// change returns the statements that lead to what is wanted; none where it is so already, as at almost every start.
func (r relation) change(role string) (statements []string) {
	on := " ON "
	if r.kind == "S" {
		on = " ON SEQUENCE "
	}
	wanted := r.wanted()
	missing := slices.DeleteFunc(slices.Clone(wanted), func(p string) bool { return slices.Contains(r.may, p) })
	excess := slices.DeleteFunc(slices.Clone(r.may), func(p string) bool { return slices.Contains(wanted, p) })
	if len(excess) > 0 {
		statements = append(statements, "REVOKE "+strings.Join(excess, ", ")+on+pq.QuoteIdentifier(r.name)+" FROM "+role)
	}
	if len(missing) > 0 {
		statements = append(statements, "GRANT "+strings.Join(missing, ", ")+on+pq.QuoteIdentifier(r.name)+" TO "+role)
	}
	return statements
}

func grant(ctx context.Context, tx *sql.Tx, role string) error {
	quoted := pq.QuoteIdentifier(role)
	statements, err := readStatements(ctx, tx, `
		SELECT format('GRANT CONNECT ON DATABASE %I TO %s', current_database(), $1::text) WHERE NOT has_database_privilege($2, current_database(), 'CONNECT')
		UNION ALL SELECT format('GRANT USAGE ON SCHEMA %I TO %s', current_schema(), $1::text) WHERE NOT has_schema_privilege($2, current_schema(), 'USAGE')
		UNION ALL SELECT format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %s', n.nspname, $1::text) FROM pg_namespace n
			WHERE n.nspname = current_schema() AND has_schema_privilege($2, n.oid, 'CREATE') AND pg_has_role(n.nspowner, 'USAGE')
		UNION ALL SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', p.oid::regprocedure, $1::text) FROM pg_proc p
			WHERE p.pronamespace = current_schema()::regnamespace AND pg_has_role(p.proowner, 'USAGE') AND NOT has_function_privilege($2, p.oid, 'EXECUTE')`,
		quoted, role)
	if err != nil {
		return err
	}
	relations, err := readRelations(ctx, tx, quoted)
	if err != nil {
		return err
	}
	for _, r := range relations {
		statements = append(statements, r.change(quoted)...)
	}
	for _, statement := range statements {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

func readRelations(ctx context.Context, tx *sql.Tx, role string) ([]relation, error) {
	rows, err := tx.QueryContext(ctx, `SELECT c.relname, c.relkind::text, c.relispartition,
			ARRAY (SELECT a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee = $1::text::regrole ORDER BY 1)
		FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p', 'S') AND pg_has_role(c.relowner, 'USAGE') ORDER BY 1`, role)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []relation
	for rows.Next() {
		var r relation
		if err := rows.Scan(&r.name, &r.kind, &r.partition, pq.Array(&r.may)); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// TooMuch says what a server's role may do that it should not, "" where nothing.
func TooMuch(ctx context.Context, db *sql.DB) (string, error) {
	var role string
	var super, owns, defines bool
	err := db.QueryRowContext(ctx, `SELECT current_user, rolsuper,
			EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'USAGE')),
			has_schema_privilege(current_schema(), 'CREATE')
		FROM pg_roles WHERE rolname = current_user`).Scan(&role, &super, &owns, &defines)
	switch {
	case err != nil:
		return "", err
	case super:
		return "the server runs as a superuser of Postgres (" + role + ")", nil
	case owns:
		return "the server runs as the owner of its tables (" + role + ")", nil
	case defines:
		return "the role of the server may define tables (" + role + ")", nil
	}
	return "", nil
}
