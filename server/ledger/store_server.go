package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
)

// register gives this server a row of its own, whose lease it then renews, and marks what ran under the same identity
// before as dead: the lock on the data dir says that it is.
func (l *Ledger) register(ctx context.Context) error {
	id := l.ids.New(ids.Server)
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if l.identity != "" {
		if _, err := tx.ExecContext(ctx, `UPDATE ledger_servers SET dead = true WHERE identity = $1 AND NOT dead`, l.identity); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO ledger_servers (id, identity) VALUES ($1, $2)`, string(id), l.identity); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	l.server.Store(id)
	return nil
}

// unregister ends the lease: whoever looks next need not wait for it to run out.
func (l *Ledger) unregister(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, err := l.db.ExecContext(ctx, `UPDATE ledger_servers SET dead = true WHERE id = $1`, string(l.serverID()))
	return err
}

// Leads takes or renews the lease of a job for this server and reports whether it has it. A lease lasts as long as a
// server's; a job that takes longer asks again while it works.
func (l *Ledger) Leads(ctx context.Context, job string) (bool, error) {
	r, err := l.db.ExecContext(ctx, `INSERT INTO ledger_leases AS l (job, server_id, until)
		VALUES ($1, $2, clock_timestamp() + $3 * interval '1 second')
		ON CONFLICT (job) DO UPDATE SET server_id = excluded.server_id, until = excluded.until
		WHERE l.server_id = excluded.server_id OR l.until < clock_timestamp()
			OR EXISTS (SELECT 1 FROM ledger_servers s WHERE s.id = l.server_id AND s.dead)`, job, string(l.serverID()), leaseFor.Seconds())
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

// happened tells whether a batch whose COMMIT was not answered is in the books. Locking the server's own row waits the
// doubtful transaction out; idle_in_transaction_session_timeout bounds how long.
func (l *Ledger) happened(ctx context.Context, batch ids.ID) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }()
	var last ids.ID
	err = tx.QueryRowContext(ctx, `SELECT batch_id FROM ledger_servers WHERE id = $1 FOR UPDATE`, string(l.serverID())).Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return last == batch, err
}

// Sweep marks servers dead whose lease ran out by the database's clock, and releases the holds that nobody will resolve:
// those of dead servers and those half a minute past their expiry.
func (l *Ledger) Sweep(ctx context.Context) error {
	_, err := l.db.ExecContext(ctx, `UPDATE ledger_servers SET dead = true
		WHERE NOT dead AND id <> $1 AND lease_at < clock_timestamp() - $2 * interval '1 second'`, string(l.serverID()), leaseFor.Seconds())
	if err != nil {
		return err
	}
	for {
		orphans, err := l.orphans(ctx)
		if err != nil || len(orphans) == 0 {
			return err
		}
		done := make(chan error, len(orphans))
		for _, id := range orphans {
			go func() {
				_, err := l.Do(ctx, Request{Op: &Release{Hold: id}, Caller: "sweeper"})
				done <- err
			}()
		}
		for range orphans {
			if e := <-done; e != nil && !errors.Is(e, ErrHoldGone) {
				err = e
			}
		}
		if err != nil {
			return err
		}
		l.log.InfoContext(ctx, "ledger: released holds of servers that are gone", "holds", len(orphans))
	}
}

func (l *Ledger) orphans(ctx context.Context) ([]ids.ID, error) {
	rows, err := l.db.QueryContext(ctx, `SELECT h.id FROM ledger_holds h LEFT JOIN ledger_servers s ON s.id = h.server_id
		WHERE s.dead OR s.id IS NULL OR h.expires_at < clock_timestamp() - interval '30 seconds' ORDER BY h.id LIMIT 500`)
	if err != nil {
		return nil, err
	}
	return scanIDs(rows)
}

func scanIDs(rows *sql.Rows) ([]ids.ID, error) {
	defer func() { _ = rows.Close() }()
	var out []ids.ID
	for rows.Next() {
		var id ids.ID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

// runJobs sweeps, notifies and tidies until ctx ends.
func (l *Ledger) runJobs(ctx context.Context) {
	sweep, minutely := time.NewTicker(sweepEvery), time.NewTicker(time.Minute)
	defer sweep.Stop()
	defer minutely.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case seq := <-l.booked:
			err = l.notify(ctx, seq)
			rest(ctx, notifyEvery)
		case <-sweep.C:
			err = l.Sweep(ctx)
		case <-minutely.C:
			err = l.tidy(ctx)
		}
		if err != nil && ctx.Err() == nil {
			l.log.WarnContext(ctx, "ledger: a job failed and is tried again", "err", err)
		}
	}
}

// notifyEvery is how often the feeds are woken at most: what was booked meanwhile is read together.
const notifyEvery = 5 * time.Millisecond

func rest(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// notify wakes the feeds of all servers. It runs outside the batches: a NOTIFY inside would make all commits of the
// database wait for each other.
func (l *Ledger) notify(ctx context.Context, seq int64) error {
	_, err := l.db.ExecContext(ctx, `SELECT pg_notify('ledger', $1)`, itoa(seq))
	return err
}

// forget drops operation keys past their time and the rows of servers long dead that hold nothing.
func (l *Ledger) forget(ctx context.Context) error {
	const some = 5000
	for n := int64(some); n == some; {
		r, err := l.db.ExecContext(ctx, `DELETE FROM ledger_operations WHERE key IN (
			SELECT key FROM ledger_operations WHERE done AND created_at < clock_timestamp() - $1 * interval '1 second'
			ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, operationsKept.Seconds(), some)
		if err != nil {
			return err
		}
		if n, err = r.RowsAffected(); err != nil {
			return err
		}
	}
	_, err := l.db.ExecContext(ctx, `DELETE FROM ledger_servers s WHERE dead AND lease_at < clock_timestamp() - interval '1 day'
		AND NOT EXISTS (SELECT 1 FROM ledger_holds h WHERE h.server_id = s.id)`)
	return err
}

// Sizes of the logs' partitions.
const (
	seqsPerPartition = 2_000_000 // the indexes by account of the one that is written stay in memory
	monthsAhead      = 2
	weeksAhead       = 3
)

// Cut makes the partitions that will be needed next, so that no batch ever waits for one. Several servers may do it at once.
func (l *Ledger) Cut(ctx context.Context) error { return l.CutTo(ctx, 0) }

// CutTo is Cut for a history that is about to be written up to a sequence.
func (l *Ledger) CutTo(ctx context.Context, seq int64) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	cuts, err := l.cuts(ctx, tx, seq)
	if err != nil {
		return err
	}
	for _, c := range cuts {
		if _, err := tx.ExecContext(ctx, `SELECT ledger_cut($1, $2, $3, $4)`, c.parent, c.suffix, c.low, c.high); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// tidy is done each minute, on one server at a time: it cuts what will be needed, drops old routing decisions and forgets
// old operation keys.
func (l *Ledger) tidy(ctx context.Context) error {
	if leads, err := l.Leads(ctx, "partitions"); err != nil || !leads {
		return err
	}
	_, err := l.db.ExecContext(ctx, `SELECT ledger_drop_decisions()`)
	return errors.Join(l.Cut(ctx), err, l.forget(ctx))
}

type cut struct{ parent, suffix, low, high string }

func (l *Ledger) cuts(ctx context.Context, tx *sql.Tx, to int64) ([]cut, error) {
	var head int64
	if err := tx.QueryRowContext(ctx, `SELECT seq FROM ledger_head`).Scan(&head); err != nil {
		return nil, err
	}
	var cuts []cut
	for n := head / seqsPerPartition; n <= max(head, to)/seqsPerPartition+1; n++ {
		low, high := itoa(n*seqsPerPartition+1), itoa((n+1)*seqsPerPartition+1)
		cuts = append(cuts, cut{"ledger_transactions", itoa(n * seqsPerPartition), low, high}, cut{"ledger_entries", itoa(n * seqsPerPartition), low, high})
	}
	now := l.clock.Now()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for n := -1; n <= monthsAhead; n++ {
		from := month.AddDate(0, n, 0)
		cuts = append(cuts, cut{"usage_logs", from.Format("200601"), string(ids.Floor(ids.Usage, from)), string(ids.Floor(ids.Usage, from.AddDate(0, 1, 0)))})
	}
	week := now.Truncate(7 * 24 * time.Hour)
	for n := -1; n <= weeksAhead; n++ {
		from := week.AddDate(0, 0, 7*n)
		cuts = append(cuts, cut{"routing_decisions", from.Format("20060102"), string(ids.Floor(ids.Usage, from)), string(ids.Floor(ids.Usage, from.AddDate(0, 0, 7)))})
	}
	return cuts, nil
}
