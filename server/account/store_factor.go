package account

import (
	"context"
	"fmt"
	"time"

	"github.com/lib/pq"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/secondfactor"
	"github.com/resourcepool/resourcepool/ent/session"
	"github.com/resourcepool/resourcepool/server/ids"
)

// factor returns nil where there is none, begun or not.
func (st store) factor(ctx context.Context, user ids.ID) (*ent.SecondFactor, error) {
	f, err := st.client.SecondFactor.Get(ctx, user)
	if ent.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("account: read a second factor: %w", err)
	}
	return f, nil
}

// beginFactor writes a secret that is yet to be confirmed. It returns errHasFactor where one is.
func (st store) beginFactor(ctx context.Context, user ids.ID, secret []byte, at time.Time) error {
	r, err := st.client.ExecContext(ctx, `INSERT INTO second_factors (user_id, secret, created_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at WHERE second_factors.confirmed_at IS NULL`,
		string(user), secret, at)
	if err != nil {
		return fmt.Errorf("account: begin a second factor: %w", err)
	}
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		err = errHasFactor
	}
	return err
}

// confirmFactor has a second factor count, and the session that confirmed it as signed in with it.
func confirmFactor(ctx context.Context, tx *ent.Client, f *ent.SecondFactor, step int64, at time.Time, by ids.ID) error {
	n, err := tx.SecondFactor.Update().Where(secondfactor.ID(f.ID), secondfactor.ConfirmedAtIsNil(), secondfactor.CreatedAt(f.CreatedAt)).
		SetConfirmedAt(at).SetLastStep(step).Save(ctx)
	if err != nil {
		return fmt.Errorf("account: confirm a second factor: %w", err)
	}
	if n == 0 {
		return errNoFactor // begun anew, or confirmed, meanwhile
	}
	if _, err := tx.Session.Update().Where(session.ID(by)).SetSecondFactor(true).Save(ctx); err != nil {
		return fmt.Errorf("account: note a second factor: %w", err)
	}
	return nil
}

// dropFactor takes a second factor away, with its recovery codes.
func dropFactor(ctx context.Context, tx *ent.Client, user ids.ID) error {
	if _, err := tx.SecondFactor.Delete().Where(secondfactor.ID(user)).Exec(ctx); err != nil {
		return fmt.Errorf("account: drop a second factor: %w", err)
	}
	return replaceRecoveryCodes(ctx, tx, user, nil)
}

// spendStep takes the code of a time step; false where one as late was taken before.
func (st store) spendStep(ctx context.Context, user ids.ID, step int64) (bool, error) {
	n, err := st.client.SecondFactor.Update().Where(secondfactor.ID(user), secondfactor.LastStepLT(step)).SetLastStep(step).Save(ctx)
	if err != nil {
		return false, fmt.Errorf("account: take a code: %w", err)
	}
	return n == 1, nil
}

func replaceRecoveryCodes(ctx context.Context, tx *ent.Client, user ids.ID, hashes [][]byte) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE user_id = $1`, string(user)); err != nil {
		return fmt.Errorf("account: drop recovery codes: %w", err)
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (user_id, code_hash) SELECT $1, unnest($2::bytea[])`, string(user), pq.ByteaArray(hashes))
	if err != nil {
		return fmt.Errorf("account: write recovery codes: %w", err)
	}
	return nil
}

func spendRecoveryCode(ctx context.Context, tx *ent.Client, user ids.ID, hash []byte, at time.Time) (bool, error) {
	r, err := tx.ExecContext(ctx, `UPDATE recovery_codes SET used_at = $3 WHERE user_id = $1 AND code_hash = $2 AND used_at IS NULL`, string(user), hash, at)
	if err != nil {
		return false, fmt.Errorf("account: take a recovery code: %w", err)
	}
	n, err := r.RowsAffected()
	return n == 1, err
}

func (st store) recoveryCodesLeft(ctx context.Context, user ids.ID) (n int, err error) {
	rows, err := st.client.QueryContext(ctx, `SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL`, string(user))
	if err != nil {
		return 0, fmt.Errorf("account: count recovery codes: %w", err)
	}
	defer func() { _ = rows.Close() }()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	if err == nil {
		err = rows.Err()
	}
	return n, wrap("count recovery codes", err)
}
