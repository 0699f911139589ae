package account

import (
	"context"
	"fmt"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/apitoken"
	"github.com/resourcepool/resourcepool/ent/emaillink"
	"github.com/resourcepool/resourcepool/ent/identity"
	"github.com/resourcepool/resourcepool/ent/passkey"
	"github.com/resourcepool/resourcepool/ent/poolresource"
	"github.com/resourcepool/resourcepool/server/ids"
)

// keysOf counts the keys that a user has in the pool. No other comes in before the transaction ends: what books a deposit
// looks at the account again once it has this lock.
func keysOf(ctx context.Context, tx *ent.Client, user ids.ID) (int, error) {
	if _, err := tx.ExecContext(ctx, "LOCK TABLE pool_resources IN SHARE ROW EXCLUSIVE MODE"); err != nil {
		return 0, fmt.Errorf("account: lock pool_resources: %w", err)
	}
	n, err := tx.PoolResource.Query().Where(poolresource.OwnerID(user),
		poolresource.StatusNotIn(poolresource.StatusWITHDRAWN, poolresource.StatusDEPLETED, poolresource.StatusEXPIRED)).Count(ctx)
	if err != nil {
		return 0, fmt.Errorf("account: count keys: %w", err)
	}
	return n, nil
}

// forget deletes what a user signs in with, and revokes their tokens, whose ids the books name.
func forget(ctx context.Context, tx *ent.Client, user ids.ID, at time.Time) error {
	if _, err := endSessions(ctx, tx, user, ""); err != nil {
		return err
	}
	if err := dropFactor(ctx, tx, user); err != nil {
		return err
	}
	deletions := []func(context.Context) (int, error){
		tx.Passkey.Delete().Where(passkey.UserID(user)).Exec,
		tx.Identity.Delete().Where(identity.UserID(user)).Exec,
		tx.EmailLink.Delete().Where(emaillink.UserID(user)).Exec,
		tx.APIToken.Update().Where(apitoken.UserID(user), apitoken.RevokedAtIsNil()).SetRevokedAt(at).Save,
		tx.APIToken.Update().Where(apitoken.UserID(user)).SetName(deletedName).Save,
	}
	for _, do := range deletions {
		if _, err := do(ctx); err != nil {
			return fmt.Errorf("account: forget a user: %w", err)
		}
	}
	return nil
}
