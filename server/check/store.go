package check

import (
	"context"
	"database/sql"
	"slices"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
)

const (
	// AlertBooks is the kind of the alert that a check failed.
	AlertBooks = "ledger.check"
	// AlertFrozen is the kind of the alert that an account is frozen.
	AlertFrozen = "ledger.frozen"

	actionFreeze, actionUnfreeze = "ledger.freeze", "ledger.unfreeze"
)

// subject is what an alert about a report is about: a full run that failed stands until one passes, whatever each minute finds.
func subject(full bool) string {
	if full {
		return "ledger, in full"
	}
	return "ledger"
}

func within(ctx context.Context, db *sql.DB, f func(*sql.Tx) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// passed puts a clean report on record, unless it says no more than the one before, and closes its alert.
func (k *Keeper) passed(ctx context.Context, r *ledger.Report) error {
	last, err := ledger.Last(ctx, k.DB, r.Full())
	if err != nil {
		return err
	}
	return within(ctx, k.DB, func(tx *sql.Tx) error {
		if r.Full() || last == nil || !last.OK || last.HeadSeq != r.HeadSeq {
			if err := ledger.Record(ctx, tx, r); err != nil {
				return err
			}
		}
		return journal.Resolve(ctx, tx, AlertBooks, subject(r.Full()), k.Clock.Now())
	})
}

// failed puts a report on record, raises the alert and freezes the accounts that it involves, but for those that were frozen
// for all of it before: what a person let go since is not stopped again for the same.
func (k *Keeper) failed(ctx context.Context, r *ledger.Report) (frozen []ledger.AccountID, err error) {
	err = within(ctx, k.DB, func(tx *sql.Tx) error {
		b := brake{tx: tx, clock: k.Clock, ids: k.IDs}
		for _, account := range r.Involved { // in their order
			causes := r.Causes[account]
			if known, err := frozenFor(ctx, tx, account, causes); err != nil {
				return err
			} else if known {
				continue
			}
			set, err := b.set(ctx, true, []ledger.AccountID{account}, "", map[string]any{"reason": message(r), "causes": causes, "full": r.Full()})
			if err != nil {
				return err
			}
			frozen = append(frozen, set...)
		}
		if err := journal.Alert(ctx, tx, journal.Notice{ID: k.IDs.New(ids.Alert), At: k.Clock.Now(), Kind: AlertBooks, Subject: subject(r.Full()), Message: message(r)}); err != nil {
			return err
		}
		return ledger.Record(ctx, tx, r)
	})
	return frozen, err
}

// frozenFor reports whether checks, of either kind, froze an account for each of these causes since they were last gone. What
// each minute found is gone once any verification passes, what a full run found once a full one does. The account need not be
// frozen any more: only a person lets it go.
func frozenFor(ctx context.Context, tx *sql.Tx, account ledger.AccountID, causes []string) (known bool, err error) {
	err = tx.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT unnest($2::text[]) EXCEPT
			SELECT jsonb_array_elements_text(e.detail->'causes') FROM audit_events e
			WHERE e.subject = $1 AND e.action = $3 AND e.actor_id IS NULL AND NOT EXISTS (
				SELECT FROM ledger_verifications v WHERE v.ok AND v.at > e.at AND (v.full_run OR NOT (e.detail->>'full')::boolean)))`,
		string(account), pq.Array(causes), actionFreeze).Scan(&known)
	return known, err
}

// Freeze stops an account by a person's word, or lets it go again. It returns whether that changed anything, or ErrNoAccount.
func Freeze(ctx context.Context, db *sql.DB, c clock.Clock, source *ids.Source, account ledger.AccountID, frozen bool, actor ids.ID, reason string) (changed bool, err error) {
	err = within(ctx, db, func(tx *sql.Tx) error {
		var there bool
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT FROM ledger_accounts WHERE id = $1)`, string(account)).Scan(&there); err != nil {
			return err
		}
		if !there || account.Hot() {
			return ErrNoAccount
		}
		b := brake{tx: tx, clock: c, ids: source}
		set, err := b.set(ctx, frozen, []ledger.AccountID{account}, actor, map[string]any{"reason": reason})
		changed = len(set) > 0
		return err
	})
	return changed, err
}

// brake freezes and unfreezes accounts in a transaction.
type brake struct {
	tx    *sql.Tx
	clock clock.Clock
	ids   *ids.Source
}

// set returns the accounts that it changed, each of which has its audit event and its alert.
func (b brake) set(ctx context.Context, frozen bool, accounts []ledger.AccountID, actor ids.ID, detail map[string]any) (changed []ledger.AccountID, err error) {
	// Batches lock accounts in this order too, so that neither waits in a circle.
	rows, err := b.tx.QueryContext(ctx, `WITH a AS MATERIALIZED (SELECT id FROM ledger_accounts WHERE id = ANY ($1) AND position(':' IN id) > 0 ORDER BY id FOR NO KEY UPDATE)
		UPDATE ledger_accounts l SET frozen = $2 FROM a WHERE l.id = a.id AND l.frozen <> $2 RETURNING l.id`, pq.Array(accounts), frozen)
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		var id ledger.AccountID
		if err := rows.Scan(&id); err != nil {
			_ = rows.Close()
			return nil, err
		}
		changed = append(changed, id)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	slices.Sort(changed)
	for _, account := range changed {
		if err := b.note(ctx, frozen, account, actor, detail); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

func (b brake) note(ctx context.Context, frozen bool, account ledger.AccountID, actor ids.ID, detail map[string]any) error {
	now, owner, action := b.clock.Now(), account.Owner(), actionUnfreeze
	reason, _ := detail["reason"].(string)
	if frozen {
		action = actionFreeze
		n := journal.Notice{ID: b.ids.New(ids.Alert), At: now, Kind: AlertFrozen, Subject: string(account), Message: reason}
		if err := journal.Alert(ctx, b.tx, n); err != nil {
			return err
		}
	} else if err := journal.Resolve(ctx, b.tx, AlertFrozen, string(account), now); err != nil {
		return err
	}
	kind := journal.User
	if owner.Kind() == ids.Resource {
		kind = journal.Resource
	}
	if err := journal.Change(ctx, b.tx, kind, string(owner)); err != nil {
		return err
	}
	return journal.Audit(ctx, b.tx, journal.Event{
		ID: b.ids.New(ids.Audit), At: now, Actor: actor, Action: action, Subject: string(account), Reason: reason, Detail: detail,
	})
}
