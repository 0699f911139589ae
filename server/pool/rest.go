package pool

import (
	"context"
	"slices"
	"time"

	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/routing"
)

// Rest is why a key, or a provider as a whole, is left alone until a time, and how often in a row it failed before. One that
// is over is kept for a while, for the next to be longer.
type Rest struct {
	Subject  string // a resource's id, or ProviderSubject
	Model    string // "" for all of them
	Why      routing.Exclusion
	Until    time.Time
	Failures int64
}

const (
	// restsKnown is how long a rest that is over stays with its key in memory, and restsKept how long in the table.
	restsKnown = 10 * time.Minute
	restsKept  = time.Hour
)

const providerSubject = "provider:"

// ProviderSubject is what the rests of a key's realm are about.
func ProviderSubject(k *Key) string { return providerSubject + k.Realm() }

// rest gives the keys their rests.
func rest(keys map[ids.ID]*Key, rests map[string][]Rest) {
	if len(rests) == 0 {
		return
	}
	for id, k := range keys {
		own, shared := rests[string(id)], rests[ProviderSubject(k)]
		k.Rests = slices.Concat(own, shared)
	}
}

// Resting returns why a resource is left alone now, itself or with its provider as a whole, the soonest to end first. Of one
// that serves no more it is nothing.
func (s *Service) Resting(ctx context.Context, id ids.ID) ([]Rest, error) {
	k, err := s.Key(ctx, id)
	if err != nil || k == nil {
		return nil, err
	}
	now := s.clock.Now()
	var resting []Rest
	for _, r := range k.Rests {
		if r.Until.After(now) {
			resting = append(resting, r)
		}
	}
	slices.SortStableFunc(resting, func(a, b Rest) int { return a.Until.Compare(b.Until) })
	return resting, nil
}

// PruneRests forgets the rests that ended long ago.
func (s *Service) PruneRests(ctx context.Context) error {
	return s.pruneRests(ctx, s.clock.Now().Add(-restsKept))
}
