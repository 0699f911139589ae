package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/masterkey"
)

// Rotation takes everything from the master key in force to the next one, beside any number of running servers. It may be
// broken off at any point and run again: it goes on where it was.
type Rotation struct {
	To      Source
	Overlap time.Duration // that servers get to learn the new key before the old one is retired
	// Host is what a key of this provider and base address is bound to.
	Host func(provider, baseURL string) string
	Tell func(format string, args ...any)
	// Record is called in the transaction that retires the old key.
	Record func(ctx context.Context, tx *ent.Client, from, to string) error
}

// errSame says that there is nothing to rotate to.
var errSame = errors.New("vault: this is the master key in force already")

// Rotate runs a rotation of the vault, which was opened under the master key in force. The old key is retired at 0 rows
// behind and not before: a row that opens under neither key ends it with an error that names the row.
func (v *Vault) Rotate(ctx context.Context, r Rotation) error {
	from, to, err := v.handOver(ctx, r)
	if err != nil {
		return err
	}
	r.Tell("handed %s over to the servers that have %s", to.id, from.id)
	moved, err := v.rewrap(ctx, from, to, r.Host)
	if err != nil {
		return err
	}
	r.Tell("rewrapped %d data keys; waiting %s for servers that are slow to learn", moved, r.Overlap)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(r.Overlap):
	}
	for {
		if _, err := v.rewrap(ctx, from, to, r.Host); err != nil {
			return err
		}
		behind, err := v.retire(ctx, from, to, r)
		if err != nil {
			return err
		}
		if behind == 0 {
			break
		}
		r.Tell("%d were made under %s meanwhile", behind, from.id)
	}
	r.Tell("0 data keys are behind: %s is retired, %s is in force", from.id, to.id)
	return nil
}

// handOver registers the new key, or takes up the one that is registered.
func (v *Vault) handOver(ctx context.Context, r Rotation) (from, to *master, err error) {
	tx, err := v.client.Tx(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("vault: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	known, err := lockMasterKeys(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	row := inForce(known)
	if row == nil || v.ring.Load().keys[row.ID] == nil {
		return nil, nil, errors.New("vault: another rotation has ended meanwhile")
	}
	from = v.ring.Load().keys[row.ID]
	incoming, err := v.incoming(r, from, known)
	if err != nil || incoming != nil {
		return from, incoming, err
	}
	key, external, err := r.To.make(ctx, v.random)
	if err != nil {
		return nil, nil, err
	}
	if to, err = newMaster(key); err != nil {
		return nil, nil, err
	}
	handover, err := from.handOver(v.random, to, key)
	if err != nil {
		return nil, nil, err
	}
	if err := v.register(ctx, tx, to, handover, external); err != nil {
		return nil, nil, err
	}
	if err := changed(ctx, tx.Client(), to.id); err != nil {
		return nil, nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, nil, fmt.Errorf("vault: commit: %w", err)
	}
	return from, to, v.learn(ctx)
}

// incoming is the key that a rotation which was broken off had registered, nil where there is none; an error where the one
// that is asked for can't be taken.
func (v *Vault) incoming(r Rotation, from *master, known []*ent.MasterKey) (*master, error) {
	wanted := ""
	if r.To.service == nil {
		m, err := newMaster(r.To.key)
		if err != nil {
			return nil, err
		}
		wanted = m.id
	}
	if wanted == from.id {
		return nil, errSame
	}
	for _, k := range known {
		switch {
		case k.ID == wanted && k.RetiredAt != nil:
			return nil, ErrRetired
		case k.Handover == nil || k.RetiredAt != nil:
		case k.ID == wanted || r.To.service != nil && k.External != nil:
			if m := from.takeOver(k.ID, k.CheckValue, k.Handover); m != nil {
				return m, nil
			}
			return nil, fmt.Errorf("vault: the handover of %s does not open: its row was changed", k.ID)
		default:
			return nil, fmt.Errorf("vault: a rotation to another key (%s) is under way: finish that one first, with its key", k.ID)
		}
	}
	return nil, nil //nolint:nilnil // "there is none" is no error
}

func changed(ctx context.Context, tx *ent.Client, id string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO changes (kind, ref) VALUES ($1, $2)`, MasterKeys, id); err != nil {
		return fmt.Errorf("vault: tell of %s: %w", id, err)
	}
	return nil
}

const countBehind = `SELECT (SELECT count(*) FROM secrets WHERE key_id = $1) + (SELECT count(*) FROM user_keys WHERE key_id = $1)`

// retire ends the rotation, unless rows are behind: it returns how many. No row comes under the old key while it counts,
// for whoever writes one reads that key's row first.
func (v *Vault) retire(ctx context.Context, from, to *master, r Rotation) (behind int, err error) {
	tx, err := v.client.Tx(ctx)
	if err != nil {
		return 0, fmt.Errorf("vault: begin: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	now := v.clock.Now()
	retired, err := tx.MasterKey.Update().Where(masterkey.ID(from.id), masterkey.RetiredAtIsNil()).SetRetiredAt(now).ClearRoot().ClearExternal().Save(ctx)
	if err != nil {
		return 0, fmt.Errorf("vault: retire %s: %w", from.id, err)
	}
	if retired == 0 {
		return 0, nil // by the same rotation, run twice
	}
	if err := queryRow(ctx, tx.Client(), []any{&behind}, countBehind, from.id); err != nil {
		return 0, fmt.Errorf("vault: count what is behind: %w", err)
	}
	if behind > 0 {
		return behind, nil
	}
	if err := tx.MasterKey.UpdateOneID(to.id).ClearHandover().Exec(ctx); err != nil {
		return 0, fmt.Errorf("vault: put %s in force: %w", to.id, err)
	}
	if err := changed(ctx, tx.Client(), to.id); err != nil {
		return 0, err
	}
	if err := r.Record(ctx, tx.Client(), from.id, to.id); err != nil {
		return 0, err
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("vault: commit: %w", err)
	}
	return 0, v.learn(ctx)
}

const rewrapBatch = 200

// rewrap wraps the data keys of both tables that are under from by to, and returns how many.
func (v *Vault) rewrap(ctx context.Context, from, to *master, host func(provider, baseURL string) string) (moved int, err error) {
	for _, t := range []wrapped{
		{
			read: `SELECT s.resource_id, s.wrapped_key, r.provider, r.base_url FROM secrets s JOIN pool_resources r ON r.id = s.resource_id
				WHERE s.key_id = $1 AND s.resource_id > $2 ORDER BY 1 LIMIT $3`,
			write: `UPDATE secrets s SET key_id = $1, wrapped_key = n.becomes FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS n (id, was, becomes)
				WHERE s.resource_id = n.id AND s.key_id = $5 AND s.wrapped_key = n.was`,
			bound: func(row dataKey) []byte {
				return Ref{Resource: row.id, Provider: row.provider, Host: host(row.provider, row.baseURL)}.bound("data key")
			},
		},
		{
			read: `SELECT user_id, wrapped_key, '', '' FROM user_keys WHERE key_id = $1 AND user_id > $2 ORDER BY 1 LIMIT $3`,
			write: `UPDATE user_keys u SET key_id = $1, wrapped_key = n.becomes FROM unnest($2::text[], $3::bytea[], $4::bytea[]) AS n (id, was, becomes)
				WHERE u.user_id = n.id AND u.key_id = $5 AND u.wrapped_key = n.was`,
			bound: func(row dataKey) []byte { return userBound(row.id) },
		},
	} {
		n, err := v.rewrapTable(ctx, from, to, t)
		moved += n
		if err != nil {
			return moved, err
		}
	}
	return moved, nil
}

// rewrapTable goes through a table in the order of its ids. A row that is replaced or destroyed meanwhile is left alone.
func (v *Vault) rewrapTable(ctx context.Context, from, to *master, t wrapped) (moved int, err error) {
	var stuck []string
	for after := ""; ; {
		rows, err := t.rows(ctx, v.client, from.id, after)
		if err != nil {
			return moved, err
		}
		var list, was, becomes = []string{}, pq.ByteaArray{}, pq.ByteaArray{}
		for _, row := range rows {
			after = string(row.id)
			key, err := openBox(from.wrap, t.bound(row), row.key)
			if err != nil {
				stuck = append(stuck, after)
				continue
			}
			sealed, err := sealBox(v.random, to.wrap, t.bound(row), key)
			clear(key)
			if err != nil {
				return moved, err
			}
			list, was, becomes = append(list, after), append(was, row.key), append(becomes, sealed)
		}
		done, err := v.client.ExecContext(ctx, t.write, to.id, pq.Array(list), was, becomes, from.id)
		if err != nil {
			return moved, fmt.Errorf("vault: rewrap: %w", err)
		}
		n, err := done.RowsAffected()
		if err != nil {
			return moved, fmt.Errorf("vault: rewrap: %w", err)
		}
		moved += int(n)
		if len(rows) < rewrapBatch {
			break
		}
	}
	if len(stuck) > 0 {
		return moved, fmt.Errorf("%w as those of their rows: %v stay under %s, which is therefore not retired; withdraw them, or put back what was changed in their rows, and rotate again",
			ErrUnreadable, stuck[:min(len(stuck), 20)], from.id)
	}
	return moved, nil
}
