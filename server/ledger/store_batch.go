package ledger

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/lib/pq"
)

// writer commits a server's batches on a connection of its own, with its prepared statements.
type writer struct {
	l      *Ledger
	stmts  map[string]*sql.Stmt
	wanted map[string]struct{} // to be prepared before the next batch

	until   context.Context // that tells it to stop
	stopped time.Time       // when it first noticed
}

func newWriter(until context.Context, l *Ledger) *writer {
	return &writer{l: l, until: until, stmts: map[string]*sql.Stmt{}, wanted: map[string]struct{}{}}
}

// close closes the statements.
func (w *writer) close() {
	for _, s := range w.stmts {
		_ = s.Close() // the connection may be gone already
	}
}

// prepare prepares what earlier batches ran. It does so between transactions, when the one connection is free.
func (w *writer) prepare(ctx context.Context) error {
	for query := range w.wanted {
		s, err := w.l.batches.PrepareContext(ctx, query)
		switch {
		case err == nil:
			w.stmts[query] = s
		case !refusedByDatabase(err):
			return err
		}
		delete(w.wanted, query) // what ran once and no longer can is told by the batch that needs it
	}
	return nil
}

// mostPrepared bounds the statements kept; which writes a batch has varies.
const mostPrepared = 256

// ran has a query that succeeded prepared before the next batch.
func (w *writer) ran(query string) {
	if w.stmts[query] == nil && len(w.stmts)+len(w.wanted) < mostPrepared {
		w.wanted[query] = struct{}{}
	}
}

func (w *writer) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	n, err := exec(ctx, tx, w.stmts[query], query, args)
	if err == nil {
		w.ran(query)
	}
	return n, err
}

// start runs a statement while its caller goes on, on all but the connection; the caller has to wait for it.
func (w *writer) start(ctx context.Context, tx *sql.Tx, query string, args []any) (wait func() error) {
	prepared, done := w.stmts[query], make(chan error, 1)
	go func() {
		_, err := exec(ctx, tx, prepared, query, args)
		done <- err
	}()
	return func() error {
		err := <-done
		if err == nil {
			w.ran(query)
		}
		return err
	}
}

func exec(ctx context.Context, tx *sql.Tx, prepared *sql.Stmt, query string, args []any) (int64, error) {
	var r sql.Result
	var err error
	if prepared != nil {
		r, err = tx.StmtContext(ctx, prepared).ExecContext(ctx, args...)
	} else {
		r, err = tx.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// query calls scan for each row.
func (w *writer) query(ctx context.Context, tx *sql.Tx, query string, args []any, scan func(*sql.Rows) error) error {
	var rows *sql.Rows
	var err error
	if s := w.stmts[query]; s != nil {
		rows, err = tx.StmtContext(ctx, s).QueryContext(ctx, args...)
	} else {
		rows, err = tx.QueryContext(ctx, query, args...)
	}
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	w.ran(query)
	return nil
}

// errRelock says that the batch turned out to need more accounts than it had locked.
var errRelock = errors.New("ledger: more accounts to lock")

// transact runs a batch in one transaction, in the order of locks that README.md gives.
func (w *writer) transact(ctx context.Context, b *batchRun) (err error) {
	for range mostRelocks {
		if err = w.try(ctx, b); !errors.Is(err, errRelock) {
			return err
		}
	}
	return err
}

// mostRelocks is more often than other servers can make accounts in between; the batch is then tried again after a pause.
const mostRelocks = 20

func (w *writer) try(ctx context.Context, b *batchRun) (err error) {
	if err := w.prepare(ctx); err != nil {
		return err
	}
	tx, err := w.l.batches.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		var unknown *unknownCommitError
		if err != nil && !errors.As(err, &unknown) {
			_ = tx.Rollback()
		}
	}()
	b.reset()
	if len(b.requests) > 0 {
		if err := w.lock(ctx, tx, b); err != nil {
			return err
		}
	}
	if err := w.write(ctx, tx, b); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return &unknownCommitError{cause: err}
	}
	return nil
}

func (b *batchRun) reset() {
	b.state = newState()
	b.answers = make([]answer, len(b.requests))
	b.links, b.usages, b.finished, b.freed = nil, nil, nil, nil
	b.head, b.headLocked = head{}, false
}

func sorted[K ~string, V any](set map[K]V) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, string(k))
	}
	slices.Sort(out)
	return out
}

func byRank(rows map[*Table][]Row) []*Table {
	return slices.SortedFunc(maps.Keys(rows), func(a, b *Table) int { return a.Rank - b.Rank })
}

// refusedByDatabase reports whether the database refuses a statement for what it says, or it can't even be written, so that
// trying again can't help.
func refusedByDatabase(err error) bool {
	var e *pq.Error
	if !errors.As(err, &e) {
		return errors.Is(err, errRow)
	}
	switch e.Code.Class() {
	case "22", "23", "42", "54", "P0": // data, constraint, syntax or missing object, too large, raised by a function
		return true
	}
	return e.Code == "08P01" // a message that is none, such as one too long
}
