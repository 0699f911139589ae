package vault

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/keyaccess"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/page"
)

// Purpose is what a deposited key is decrypted for.
type Purpose string

// The purposes.
const (
	ForRequest Purpose = "request" // somebody's completion goes over it
	ForConfirm Purpose = "confirm" // the provider refused it, and is asked again
	ForVerify  Purpose = "verify"  // its owner or an admin has it tested
)

// note writes a decryption down. What can't be written may not happen.
func (v *Vault) note(ctx context.Context, resource ids.ID, why Purpose) error {
	from := origin.From(ctx)
	err := v.client.KeyAccess.Create().SetID(v.ids.New(ids.KeyAccess)).SetAt(v.clock.Now()).SetResourceID(resource).SetPurpose(string(why)).
		SetActorID(from.Actor).SetRequestID(from.Request).SetServerID(v.server).Exec(ctx)
	if err != nil {
		return fmt.Errorf("vault: the key of %s is not given out, for that can't be logged: %w", resource, err)
	}
	return nil
}

// Accesses lists decryptions, the newest first: of one resource, or of all where it is "". Who may see them is the caller's
// to decide.
func Accesses(ctx context.Context, client *ent.Client, resource ids.ID, args page.Args) (page.Connection[*ent.KeyAccess], error) {
	l := page.List[*ent.KeyAccess]{
		DB: client, Table: keyaccess.Table, Key: page.ID(keyaccess.FieldID), Order: page.Order{Name: "ID", Desc: true},
		KeyOf: func(a *ent.KeyAccess) string { return string(a.ID) },
	}
	if resource != "" {
		l.Scope = []func(*sql.Selector){keyaccess.ResourceID(resource)}
	}
	return page.Of(ctx, client.KeyAccess.Query(), args, l)
}
