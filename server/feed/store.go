package feed

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/ledgertransaction"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/usagelog"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
)

type store struct {
	client  *ent.Client
	address string
	log     *slog.Logger
}

// query runs one statement and hands every row to scan.
func (s *store) query(ctx context.Context, scan func(*sql.Rows) error, text string, args ...any) (err error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	rows, err := s.client.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	defer func() { _ = rows.Close() }() // a row that was not read is told by Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("feed: scan: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("feed: %w", err)
	}
	return nil
}

// head returns the sequence number of the last booked transaction.
func (s *store) head(ctx context.Context) (seq int64, err error) {
	err = s.query(ctx, func(r *sql.Rows) error { return r.Scan(&seq) }, `SELECT seq FROM ledger_head`)
	return seq, err
}

// events returns the transactions from < seq ≤ to, at most limit, whole.
func (s *store) events(ctx context.Context, from, to int64, limit int) ([]Event, error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	booked, err := s.client.LedgerTransaction.Query().
		Where(ledgertransaction.IDGT(from), ledgertransaction.IDLTE(to)).
		Order(ent.Asc(ledgertransaction.FieldID)).Limit(limit).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("feed: transactions: %w", err)
	}
	if len(booked) == 0 {
		return nil, nil
	}
	events := make([]Event, len(booked))
	at := make(map[int64]*Event, len(booked))
	var requests []ids.ID
	for i, t := range booked {
		events[i] = Event{Cursor: Cursor(t.ID), Seq: t.ID, Transaction: t}
		at[t.ID] = &events[i]
		if t.UsageID != "" {
			requests = append(requests, t.UsageID)
		}
	}
	err = s.query(ctx, func(r *sql.Rows) error {
		var seq int64
		var p ledger.Posting
		if err := r.Scan(&seq, &p.Account, &p.Amount, &p.BalanceAfter); err != nil {
			return err
		}
		if e := at[seq]; e != nil {
			e.Postings = append(e.Postings, p)
		}
		return nil
	}, `SELECT seq, account_id, amount, balance_after FROM ledger_entries WHERE seq BETWEEN $1 AND $2 ORDER BY seq, n`,
		booked[0].ID, booked[len(booked)-1].ID)
	if err != nil || len(requests) == 0 {
		return events, err
	}
	usages, err := s.client.UsageLog.Query().Where(usagelog.IDIn(requests...)).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("feed: usage: %w", err)
	}
	byID := make(map[ids.ID]*ent.UsageLog, len(usages))
	for _, u := range usages {
		byID[u.ID] = u
	}
	for i := range events {
		events[i].Usage = byID[events[i].Transaction.UsageID]
	}
	return events, nil
}

// moved returns the accounts of people and resources that the transactions from < seq ≤ to moved.
func (s *store) moved(ctx context.Context, from, to int64) (out []ledger.AccountID, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		var a ledger.AccountID
		if err := r.Scan(&a); err != nil {
			return err
		}
		if !a.Hot() {
			out = append(out, a)
		}
		return nil
	}, `SELECT DISTINCT account_id FROM ledger_entries WHERE seq > $1 AND seq <= $2`, from, to)
	return out, err
}

// owners returns the owner of each resource that is there, "" for the platform.
func (s *store) owners(ctx context.Context, resources []ids.ID) (map[ids.ID]ids.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	rows, err := s.client.PoolResource.Query().Where(poolresource.IDIn(resources...)).
		Select(poolresource.FieldID, poolresource.FieldOwnerID).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("feed: owners: %w", err)
	}
	out := make(map[ids.ID]ids.ID, len(rows))
	for _, r := range rows {
		out[r.ID] = ""
		if r.OwnerID != nil {
			out[r.ID] = *r.OwnerID
		}
	}
	return out, nil
}

// changeID is where a change stands: its transaction, and its number within it.
type changeID struct {
	Xid string
	ID  int64
}

// change is a row of changes. It is settled when every transaction below its own has ended, so that no change can still
// come before it.
type change struct {
	changeID
	Kind, Ref string
	Settled   bool
}

// begin returns the ledger's head and the position before every change that is not yet to be seen everywhere.
func (s *store) begin(ctx context.Context) (head int64, at changeID, err error) {
	err = s.query(ctx, func(r *sql.Rows) error { return r.Scan(&head, &at.Xid) },
		`SELECT seq, pg_snapshot_xmin(pg_current_snapshot())::text FROM ledger_head`)
	return head, at, err
}

func (s *store) changes(ctx context.Context, at changeID) (out []change, err error) {
	err = s.query(ctx, func(r *sql.Rows) error {
		var c change
		if err := r.Scan(&c.Xid, &c.ID, &c.Kind, &c.Ref, &c.Settled); err != nil {
			return err
		}
		out = append(out, c)
		return nil
	}, `SELECT xid::text, id, kind, ref, xid < pg_snapshot_xmin(pg_current_snapshot()) FROM changes
		WHERE (xid, id) > ($1::text::xid8, $2) ORDER BY xid, id`, at.Xid, at.ID)
	return out, err
}

// prune forgets the changes that are older than age, by the clock of Postgres.
func (s *store) prune(ctx context.Context, age time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, queryLimit)
	defer cancel()
	if _, err := s.client.ExecContext(ctx, `DELETE FROM changes WHERE at < clock_timestamp() - $1 * interval '1 second'`, age.Seconds()); err != nil {
		return fmt.Errorf("feed: prune: %w", err)
	}
	return nil
}

const (
	channel        = "ledger" // which the ledger's writer notifies after each commit
	reconnectFirst = 100 * time.Millisecond
	reconnectMost  = 2 * time.Second
)

// listen calls wake whenever the ledger of any server has booked, until stop is called. It reconnects by itself; what was
// booked meanwhile is found by the poll.
func (s *store) listen(wake func()) (stop func()) {
	listener := pq.NewListener(s.address, reconnectFirst, reconnectMost, func(event pq.ListenerEventType, err error) {
		switch event {
		case pq.ListenerEventDisconnected, pq.ListenerEventConnectionAttemptFailed:
			s.log.Debug("feed: not listening, polling alone", "err", reason(err))
		case pq.ListenerEventConnected, pq.ListenerEventReconnected:
			s.log.Debug("feed: listening")
		}
	})
	listening, drained := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(listening)
		// It waits for the first connection; an error other than that of Close leaves the poll.
		if err := listener.Listen(channel); err != nil {
			s.log.Debug("feed: not listening, polling alone", "err", reason(err))
		}
	}()
	go func() {
		defer close(drained)
		for range listener.NotificationChannel() {
			wake()
		}
	}()
	return func() {
		_ = listener.Close() // closed once, so it can't fail
		<-listening
		<-drained
	}
}

// reason is an error of the listener without the address that it may repeat.
func reason(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
