package vault

import (
	"context"
	"fmt"

	"github.com/resourcepool/resourcepool/ent/masterkey"
)

// MasterKeys is the kind of changes that a rotation tells in the table changes: who hears of one calls Wake.
const MasterKeys = "master_keys"

// learn makes the ring of the master keys that are in force: it takes over one that is handed over, and lets go of one that
// was retired.
func (v *Vault) learn(ctx context.Context) error {
	v.learning.Lock()
	defer v.learning.Unlock()
	rows, err := v.client.MasterKey.Query().Where(masterkey.RetiredAtIsNil()).All(ctx)
	if err != nil {
		return fmt.Errorf("vault: read master_keys: %w", err)
	}
	had := v.ring.Load()
	next, missing := &ring{keys: map[string]*master{}}, ""
	for _, row := range rows {
		m := had.keys[row.ID]
		for _, former := range had.keys {
			if m == nil && row.Handover != nil {
				m = former.takeOver(row.ID, row.CheckValue, row.Handover)
			}
		}
		if m == nil {
			missing = row.ID
			continue
		}
		next.keys[m.id] = m
		if row.Handover != nil || next.seal == nil {
			next.seal = m // the one on its way in, where this server has it
		}
	}
	if next.seal != nil {
		v.ring.Store(next)
	}
	v.lack(ctx, missing)
	return nil
}

// lack notes which master key this server would need, "" for none, and says so once.
func (v *Vault) lack(ctx context.Context, id string) {
	if id == "" {
		v.missing.Store(nil)
		return
	}
	if was := v.missing.Swap(&id); was == nil || *was != id {
		v.log.ErrorContext(ctx, "vault: ALERT: a master key is in force that this server does not have; it is not ready until it is restarted with it", "key", id)
	}
}
