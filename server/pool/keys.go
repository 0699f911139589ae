package pool

import (
	"context"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/vault"
)

// Key is a resource as routing sees it. It is never changed once it was handed out: who gets one may keep it.
type Key struct {
	ID       ids.ID
	Owner    ids.ID // "" for the platform's
	Platform bool
	Backup   bool
	Provider string
	BaseURL  string // "" where the provider has its own
	Host     string // that the ciphertext is bound to

	Status     Status
	Models     []string // sorted; shared, not to be changed
	Quota      ledger.Balance
	ExpiresAt  *time.Time
	VerifiedAt *time.Time
	Health     routing.Health
	Rests      []Rest // its own, then those of its provider as a whole, until some minutes after they end; shared, not to be changed
	Limits     KeyLimits
}

// KeyLimits are what a key may do at most at a time, as its owner set it; 0: no limit.
type KeyLimits struct{ Concurrency, RequestsPerMinute, TokensPerMinute int64 }

// Serves reports whether the key may call the model.
func (k *Key) Serves(model string) bool {
	_, ok := slices.BinarySearch(k.Models, model)
	return ok
}

// Active reports whether the resource may serve by its status; routing judges its time, quota and health.
func (k *Key) Active() bool { return k.Status == Active }

// Ref is what the key is bound to in the vault.
func (k *Key) Ref() vault.Ref { return vault.Ref{Resource: k.ID, Provider: k.Provider, Host: k.Host} }

// Realm is what may fail as a whole: the key's provider or, where an admin named the address, the provider there.
func (k *Key) Realm() string { return realm(k.Target()) }

// Target is where the key is used.
func (k *Key) Target() provider.Target {
	return provider.Target{Provider: k.Provider, BaseURL: k.BaseURL}
}

// Keys returns the keys that may call the model, in no order, whatever their status: ACTIVE, PAUSED and SUSPENDED ones all,
// of DEPLETED and EXPIRED ones the newest, so that a preview can say why they are left out.
//
// What is returned is a snapshot in this server's memory. A change that this server made is in it at once, one of another
// server when the feed told of it (Invalidate), and what this server's own requests did as soon as Settled was called. It
// may be older than the books: whether the quota suffices is decided by the ledger alone.
func (s *Service) Keys(ctx context.Context, model string) ([]*Key, error) {
	idx, err := s.keys.current(ctx)
	if err != nil {
		return nil, err
	}
	return load(idx.byModel[model]), nil
}

// AllKeys returns every key that Keys may return, by id.
func (s *Service) AllKeys(ctx context.Context) ([]*Key, error) {
	idx, err := s.keys.current(ctx)
	if err != nil {
		return nil, err
	}
	return load(idx.all), nil
}

// Key returns one of AllKeys, nil where it is not among them.
func (s *Service) Key(ctx context.Context, id ids.ID) (*Key, error) {
	idx, err := s.keys.current(ctx)
	if err != nil || idx.slots[id] == nil {
		return nil, err
	}
	return idx.slots[id].key.Load(), nil
}

// KeyCount returns how many keys the snapshot has, those that lack a model included.
func (s *Service) KeyCount(ctx context.Context) (int, error) {
	idx, err := s.keys.current(ctx)
	if err != nil {
		return 0, err
	}
	return len(idx.all), nil
}

func load(slots []*slot) []*Key {
	out := make([]*Key, len(slots))
	for i, s := range slots {
		out[i] = s.key.Load()
	}
	return out
}

// Settled tells what an operation of this server did to a key: what its account is after it, and what was learnt of its
// health (the zero Delta for nothing). It changes the snapshot alone; HealthRow writes it for all servers.
func (s *Service) Settled(resource ids.ID, quota ledger.Balance, d routing.Delta) {
	s.keys.settled(resource, quota, d)
}

// Invalidate says that keys changed on another server: the snapshot is read anew within some 100 ms. Named resources may
// have another key now, which is forgotten at once; none is for changes of quota and health alone.
func (s *Service) Invalidate(resources ...ids.ID) {
	for _, id := range resources {
		s.vault.Forget(id)
	}
	s.keys.invalidate()
}
