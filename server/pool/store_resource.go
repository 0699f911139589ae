package pool

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/auditevent"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/vault"
)

// resource returns a resource, NOT_FOUND where there is none.
func (s *Service) resource(ctx context.Context, id ids.ID) (*ent.PoolResource, error) {
	r, err := s.ent.PoolResource.Get(ctx, id)
	if ent.IsNotFound(err) {
		return nil, errUnknownResource
	}
	if err != nil {
		return nil, fmt.Errorf("pool: read %s: %w", id, err)
	}
	return r, nil
}

func (s *Service) userExists(ctx context.Context, id ids.ID) (bool, error) {
	ok, err := s.ent.User.Query().Where(user.ID(id)).Exist(ctx)
	if err != nil {
		return false, fmt.Errorf("pool: read %s: %w", id, err)
	}
	return ok, nil
}

// taken reports whether a key may not come in: another resource than except has it, or one that has ended and whose owner
// owes for it. What is true now may change until the booking, where the unique indexes decide.
func (s *Service) taken(ctx context.Context, fingerprint []byte, except ids.ID) (bool, error) {
	var there bool
	err := s.queryRow(ctx, &there, `SELECT EXISTS (
		SELECT FROM pool_resources r LEFT JOIN ledger_accounts d ON d.id = 'debt:' || r.owner_id
		WHERE r.fingerprint = $1 AND r.id <> $2
			AND (r.status NOT IN ('WITHDRAWN', 'DEPLETED', 'EXPIRED') OR d.balance < 0))`, fingerprint, string(except))
	if err != nil {
		return false, fmt.Errorf("pool: look for a fingerprint: %w", err)
	}
	return there, nil
}

// owedFor reports whether somebody else than owner had a key of the provider's account in the pool and owes.
func (s *Service) owedFor(ctx context.Context, providerKey string, account []byte, owner ids.ID) (bool, error) {
	var owed bool
	err := s.queryRow(ctx, &owed, `SELECT EXISTS (
		SELECT FROM pool_resources r JOIN ledger_accounts d ON d.id = 'debt:' || r.owner_id
		WHERE r.provider = $1 AND r.account_hash = $2 AND r.owner_id <> $3 AND d.balance < 0)`, providerKey, account, string(owner))
	if err != nil {
		return false, fmt.Errorf("pool: look for an account: %w", err)
	}
	return owed, nil
}

// left returns what is left of a resource's quota, the held part included.
func (s *Service) left(ctx context.Context, id ids.ID) (money.USD, error) {
	var balance int64
	if err := s.queryRow(ctx, &balance, `SELECT balance FROM ledger_accounts WHERE id = 'resource:' || $1`, string(id)); err != nil {
		return 0, fmt.Errorf("pool: read what is left on %s: %w", id, err)
	}
	return money.USD(balance), nil
}

// queryRow reads a single value.
func (s *Service) queryRow(ctx context.Context, to any, query string, args ...any) (err error) {
	rows, err := s.ent.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := rows.Scan(to); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Service) audit(ctx context.Context, e journal.Event) error {
	return journal.Audit(ctx, s.ent, e)
}

// bookedDetail is what the audit event of a booking says that it came to.
type bookedDetail struct {
	Fee      money.Credits `json:"fee"`
	Credited money.Credits `json:"credited"`
	Vesting  money.Credits `json:"vesting"`
	Seq      int64         `json:"seq"`
}

func (s *Service) booked(ctx context.Context, audit ids.ID) (d bookedDetail, err error) {
	e, err := s.ent.AuditEvent.Get(ctx, audit)
	if err != nil {
		return d, fmt.Errorf("pool: read %s: %w", audit, err)
	}
	text, err := json.Marshal(e.Detail)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return d, fmt.Errorf("pool: detail of %s: %w", audit, err)
	}
	return d, nil
}

// move is one step in the life of a resource.
type move struct {
	id    ids.ID
	event journal.Event
	from  []condition // what must hold of the row, or nothing changes
	set   []setter
	then  []step // in the same transaction, after the row has changed
}

// step is what happens in the transaction of a move.
type step func(ctx context.Context, tx *ent.Client) error

// move commits a step with its audit event and the change that wakes other servers; false where the row was in another
// state. Nothing slow may happen in it: the ledger's writer may wait for the row.
func (s *Service) move(ctx context.Context, m move) (moved bool, err error) {
	ctx = context.WithoutCancel(ctx)
	tx, err := s.ent.Tx(ctx)
	if err != nil {
		return false, fmt.Errorf("pool: begin: %w", err)
	}
	defer func() {
		if !moved {
			_ = tx.Rollback()
		}
	}()
	u := tx.PoolResource.Update().Where(append([]condition{poolresource.ID(m.id)}, m.from...)...)
	for _, set := range m.set {
		set(u)
	}
	n, err := u.Save(ctx)
	if ent.IsConstraintError(err) {
		return false, errAlreadyThere.Because(err) // the unique indexes are over keys and accounts
	}
	if err != nil {
		return false, fmt.Errorf("pool: %s of %s: %w", m.event.Action, m.id, err)
	}
	if n == 0 {
		return false, nil
	}
	client := tx.Client()
	for _, do := range m.then {
		if err := do(ctx, client); err != nil {
			return false, err
		}
	}
	if err := journal.Audit(ctx, client, m.event); err != nil {
		return false, err
	}
	if err := journal.Change(ctx, client, journal.Resource, string(m.id)); err != nil {
		return false, err
	}
	if err := tx.Commit(); err != nil {
		return false, fmt.Errorf("pool: commit %s of %s: %w", m.event.Action, m.id, err)
	}
	moved = true
	s.keys.renew()
	return true, nil
}

// seeEmpty marks a resource that was to serve again although nothing is left on it.
func seeEmpty(id ids.ID) step {
	return func(ctx context.Context, tx *ent.Client) error {
		_, err := tx.ExecContext(ctx, `UPDATE pool_resources SET status = 'DEPLETED' WHERE id = $1 AND status = 'ACTIVE'
			AND EXISTS (SELECT FROM ledger_accounts a WHERE a.id = 'resource:' || $1 AND a.balance = 0)`, string(id))
		if err != nil {
			return fmt.Errorf("pool: see whether anything is left on %s: %w", id, err)
		}
		return nil
	}
}

// pauseAgain pauses a resource whose suspension was lifted, where its owner had paused it before.
func pauseAgain(id ids.ID) step {
	return func(ctx context.Context, tx *ent.Client) error {
		e, err := tx.AuditEvent.Query().Where(auditevent.Subject(string(id)), auditevent.ActionIn(actionSuspended, actionUnreadable)).
			Order(ent.Desc(auditevent.FieldID)).First(ctx)
		if err != nil {
			return fmt.Errorf("pool: read the suspension of %s: %w", id, err)
		}
		if e.Detail["from"] != string(Paused) {
			return nil
		}
		err = tx.PoolResource.Update().Where(poolresource.ID(id), inState(active)).SetStatus(poolresource.StatusPAUSED).Exec(ctx)
		if err != nil {
			return fmt.Errorf("pool: pause %s again: %w", id, err)
		}
		return nil
	}
}

// replaceKey puts another key in the place of a resource's.
func (s *Service) replaceKey(of vault.Ref, key vault.Secret) step {
	return func(ctx context.Context, tx *ent.Client) error { return s.vault.Replace(ctx, tx, of, key) }
}

// erase destroys the key of a withdrawn resource.
func (s *Service) erase(ctx context.Context, id ids.ID) error {
	tx, err := s.ent.Tx(ctx)
	if err != nil {
		return fmt.Errorf("pool: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := s.vault.Destroy(ctx, tx.Client(), id); err != nil {
		return err
	}
	if err := journal.Audit(ctx, tx.Client(), s.event("", actionErased, id, nil)); err != nil {
		return err
	}
	// Other servers may have read the key again for a request in flight.
	if err := journal.Change(ctx, tx.Client(), journal.Resource, string(id)); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("pool: erase the key of %s: %w", id, err)
	}
	s.vault.Forget(id)
	return nil
}

// alert raises an alert about a resource in the transaction of a move.
func (s *Service) alert(kind string, id ids.ID, message string) step {
	n := journal.Notice{ID: s.ids.New(ids.Alert), At: s.clock.Now(), Kind: kind, Subject: string(id), Message: message}
	return func(ctx context.Context, tx *ent.Client) error { return journal.Alert(ctx, tx, n) }
}

// settled closes the open alert about a resource in the transaction of a move.
func (s *Service) settled(kind string, id ids.ID) step {
	at := s.clock.Now()
	return func(ctx context.Context, tx *ent.Client) error { return journal.Resolve(ctx, tx, kind, string(id), at) }
}
