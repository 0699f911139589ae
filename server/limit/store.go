package limit

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lib/pq"
)

// DB is a *sql.DB.
type DB interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// store is the table throttles.
type store struct{ db DB }

// asked are the attempts as a table of a query: $1 is now.
const asked = `asked AS (
	SELECT * FROM unnest($2::text[], $3::float8[], $4::float8[], $5::float8[]) AS a (key, burst, wait, forget)
)`

// untilOf is until when a key is refused that was counted so many times, of a row of asked: a whole burst of them, less
// what was forgotten, and one waits.
func untilOf(times string) string {
	return `CASE WHEN ` + times + ` + 1 > burst + 1e-6
		THEN $1::timestamptz + least(wait * power(2, least(` + times + ` - burst, 30)), greatest(wait, forget)) * interval '1 second'
		ELSE '-infinity' END`
}

// Each row is decided on under its lock; the first condition, that none is refused, is seen a moment earlier.
var takeQuery = `WITH ` + asked + `
	INSERT INTO throttles AS t (key, full_at, open_at)
	SELECT key, $1::timestamptz + forget * interval '1 second', ` + untilOf("1") + ` FROM asked
	WHERE NOT EXISTS (SELECT FROM throttles b JOIN asked USING (key) WHERE b.open_at > $1)
	ORDER BY key
	ON CONFLICT (key) DO UPDATE SET (full_at, open_at) = (
		SELECT n.full_at, ` + untilOf("(extract(epoch FROM n.full_at - $1) / forget)") + `
		FROM asked, LATERAL (SELECT greatest(t.full_at, $1) + forget * interval '1 second' AS full_at) n
		WHERE asked.key = t.key
	)
	WHERE t.open_at <= $1
	RETURNING key, open_at::text`

// take counts the attempts and returns those that were: all of them, unless one is refused.
func (s store) take(ctx context.Context, now time.Time, attempts []attempt) ([]attempt, error) {
	var taken []attempt
	err := s.rows(ctx, func(r *sql.Rows) error {
		var key, openAt string
		if err := r.Scan(&key, &openAt); err != nil {
			return err
		}
		for _, a := range attempts {
			if a.key == key {
				a.openAt = openAt
				taken = append(taken, a)
			}
		}
		return nil
	}, takeQuery, columns(now, attempts)...)
	if err != nil {
		return nil, fmt.Errorf("limit: count an attempt: %w", err)
	}
	return taken, nil
}

// giveBack undoes attempts, and what they had refused, unless later ones had it refused too.
func (s store) giveBack(ctx context.Context, attempts []attempt) error {
	keys, forget, openAt := make([]string, len(attempts)), make([]float64, len(attempts)), make([]string, len(attempts))
	for i, a := range attempts {
		keys[i], forget[i], openAt[i] = a.key, a.rule.Forget.Seconds(), a.openAt
	}
	_, err := s.db.ExecContext(ctx, `WITH locked AS (SELECT key FROM throttles WHERE key = ANY($1) ORDER BY key FOR UPDATE)
		UPDATE throttles t SET full_at = t.full_at - a.forget * interval '1 second',
			open_at = CASE WHEN t.open_at = a.open_at THEN '-infinity' ELSE t.open_at END
		FROM locked JOIN unnest($1::text[], $2::float8[], $3::timestamptz[]) AS a (key, forget, open_at) USING (key)
		WHERE t.key = locked.key`, pq.Array(keys), pq.Array(forget), pq.Array(openAt))
	if err != nil {
		return fmt.Errorf("limit: give an attempt back: %w", err)
	}
	return nil
}

// wait is how long until none of the attempts is refused.
func (s store) wait(ctx context.Context, now time.Time, attempts []attempt) (time.Duration, error) {
	keys := make([]string, len(attempts))
	for i, a := range attempts {
		keys[i] = a.key
	}
	var until sql.NullTime
	err := s.rows(ctx, func(r *sql.Rows) error { return r.Scan(&until) },
		`SELECT max(open_at) FROM throttles WHERE key = ANY($1) AND open_at > $2`, pq.Array(keys), now)
	if err != nil {
		return 0, fmt.Errorf("limit: look up attempts: %w", err)
	}
	if !until.Valid {
		return 0, nil
	}
	return until.Time.Sub(now), nil
}

// add adds to keys what they took, and returns when each is full.
func (s store) add(ctx context.Context, now time.Time, taken map[string]time.Duration) (map[string]time.Time, error) {
	keys := slices.Sorted(maps.Keys(taken))
	micros := make([]int64, len(keys))
	for i, key := range keys {
		micros[i] = taken[key].Microseconds()
	}
	full := make(map[string]time.Time, len(keys))
	err := s.rows(ctx, func(r *sql.Rows) error {
		var key string
		var at time.Time
		if err := r.Scan(&key, &at); err != nil {
			return err
		}
		full[key] = at
		return nil
	}, `INSERT INTO throttles AS t (key, full_at)
		SELECT key, $1::timestamptz + micros * interval '1 microsecond' FROM unnest($2::text[], $3::bigint[]) AS a (key, micros) ORDER BY key
		ON CONFLICT (key) DO UPDATE SET full_at = greatest(t.full_at, $1) + (EXCLUDED.full_at - $1)
		RETURNING key, full_at`, now, pq.Array(keys), pq.Array(micros))
	if err != nil {
		return nil, fmt.Errorf("limit: merge: %w", err)
	}
	return full, nil
}

// sweep deletes what says nothing any more. It waits for no lock, and so stands in nobody's way.
func (s store) sweep(ctx context.Context, now time.Time) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM throttles WHERE key IN (
		SELECT key FROM throttles WHERE full_at < $1 AND open_at < $1 FOR UPDATE SKIP LOCKED)`, now)
	if err != nil {
		return fmt.Errorf("limit: sweep: %w", err)
	}
	return nil
}

func columns(now time.Time, attempts []attempt) []any {
	n := len(attempts)
	keys, burst, wait, forget := make([]string, n), make([]float64, n), make([]float64, n), make([]float64, n)
	for i, a := range attempts {
		keys[i], burst[i], wait[i], forget[i] = a.key, float64(a.rule.Burst), a.rule.Wait.Seconds(), a.rule.Forget.Seconds()
	}
	return []any{now, pq.Array(keys), pq.Array(burst), pq.Array(wait), pq.Array(forget)}
}

func (s store) rows(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
