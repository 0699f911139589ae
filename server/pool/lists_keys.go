package pool

import (
	"context"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/vault"
)

// KeyAccesses returns the decryptions of a resource's key to its owner and to admins; those of all keys, where none is
// named, to admins. A resource that is not there is one that is not the actor's.
func (r *Reports) KeyAccesses(ctx context.Context, actor *access.Actor, args page.Args, resource *ids.ID) (page.Connection[*ent.KeyAccess], error) {
	var none page.Connection[*ent.KeyAccess]
	if err := r.policy.Check(actor, "call", "Query.keyAccesses", ""); err != nil {
		return none, err
	}
	var of, owner ids.ID
	if resource != nil {
		var err error
		if of = *resource; of == "" {
			return none, errUnknownResource
		}
		if owner, err = r.ownerOf(ctx, of); err != nil {
			return none, err
		}
	}
	if err := r.policy.Check(actor, "read", "KeyAccess", owner); err != nil {
		return none, err
	}
	return vault.Accesses(ctx, r.ent, of, args)
}
