package account

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/origin"
)

const (
	actorFor   = time.Second // how old what is known of an actor may be
	freshFor   = 30 * time.Minute
	maxActors  = 20_000
	usedEvery  = time.Minute
	sessionKey = "s" // prefixes of the cache's keys
	tokenKey   = "t"
)

var errBadToken = fault.New(fault.Unauthenticated, "this API token is not valid")

// found is a session or token as the database has it.
type found struct {
	actor    *access.Actor
	expires  time.Time // zero: never
	proved   time.Time // when the session last proved who it is
	verified bool      // the e-mail is
	second   bool      // the session gave a second factor, or the token's owner has one
	lastUsed time.Time
	networks []netip.Prefix // that the token may be used from; nil: all
}

func (f *found) valid(now time.Time) bool {
	return f != nil && (f.expires.IsZero() || now.Before(f.expires))
}

// ActorBySession returns who signed in by the session; nil where it is unknown or expired. The actor may be shared: it is
// not to be changed.
func (s *Service) ActorBySession(ctx context.Context, secret string) (*access.Actor, error) {
	if len(secret) != sessionLen {
		return nil, nil
	}
	hash := hashSecret(secret)
	f, err := s.find(ctx, sessionKey, string(hash[:]), s.useSession)
	if err != nil || f == nil {
		return nil, err
	}
	return f.actor, nil
}

// ActorByToken returns whose API token this is. An unknown, expired or revoked one is UNAUTHENTICATED, one that is not for
// the network that the context's origin is in FORBIDDEN. The actor may be shared: it is not to be changed.
func (s *Service) ActorByToken(ctx context.Context, secret string) (*access.Actor, error) {
	if len(secret) != len(tokenPrefix)+tokenLetters || !strings.HasPrefix(secret, tokenPrefix) {
		return nil, errBadToken
	}
	hash := hashSecret(secret)
	f, err := s.find(ctx, tokenKey, string(hash[:]), s.useToken)
	if err != nil {
		return nil, err
	}
	if f == nil {
		return nil, errBadToken
	}
	if ip := origin.From(ctx).IP; f.networks != nil && !within(f.networks, ip) {
		return nil, fault.New(fault.Forbidden, "this API token is not for use from %s: its networks are others", ip)
	}
	return f.actor, nil
}

// find returns an actor that may still act, nil where there is none.
func (s *Service) find(ctx context.Context, kind, key string, load func(context.Context, string) (*found, error)) (*found, error) {
	now := s.clock.Now()
	return s.actors.find(ctx, kind, key, now, func(ctx context.Context, key string) (*found, error) {
		f, err := load(ctx, key)
		if f != nil {
			f.actor.Fresh = f.actor.SessionID != "" && now.Sub(f.proved) < freshFor
			f.actor.Unverified = s.verifiedOnly && !f.verified
			if s.adminsProve && !f.second && f.actor.Has(access.Admin) {
				f.actor.Withheld = true
				f.actor.Roles = slices.DeleteFunc(f.actor.Roles, func(r access.Role) bool { return r == access.Admin })
			}
		}
		return f, err
	})
}

// useToken reads a token, at most once a second, and leaves it to Run to note that it is used, at most once a minute.
func (s *Service) useToken(ctx context.Context, hash string) (*found, error) {
	f, err := s.store.byToken(ctx, hash)
	s.noteUse(ctx, f, usedEvery)
	return f, err
}

// useSession is the same for a session.
func (s *Service) useSession(ctx context.Context, hash string) (*found, error) {
	f, err := s.store.bySession(ctx, hash)
	s.noteUse(ctx, f, seenEvery)
	return f, err
}

// noteUse leaves it to Run to note a use, unless one was noted just before or too many wait.
func (s *Service) noteUse(ctx context.Context, f *found, every time.Duration) {
	if now := s.clock.Now(); !f.valid(now) || now.Sub(f.lastUsed) < every {
		return
	}
	select {
	case s.used <- use{token: f.actor.TokenID, session: f.actor.SessionID, ip: origin.From(ctx).IP}:
	default:
	}
}

// Refresh returns the actor as it is now: nil where its session or token has ended. It is for what outlives a request.
func (s *Service) Refresh(ctx context.Context, a *access.Actor) (*access.Actor, error) {
	if a == nil {
		return nil, nil
	}
	key, id, load := sessionKey, a.SessionID, s.store.bySessionID
	if a.TokenID != "" {
		key, id, load = tokenKey, a.TokenID, s.store.byTokenID
	}
	f, err := s.find(ctx, key, string(id), load)
	if err != nil || f == nil {
		return nil, err
	}
	return f.actor, nil
}

// Invalidate forgets what is known of a user's sessions and tokens: they changed.
func (s *Service) Invalidate(user ids.ID) {
	s.actors.drop(func(f *found) bool { return f.actor.ID == user })
	s.tell(user)
}

// InvalidateAll forgets everybody.
func (s *Service) InvalidateAll() {
	s.actors.drop(func(*found) bool { return true })
	s.tell("")
}

// endLocally forgets a session that was replaced.
func (s *Service) endLocally(session ids.ID) {
	if session != "" {
		for _, user := range s.actors.drop(func(f *found) bool { return f.actor.SessionID == session }) {
			s.tell(user)
		}
	}
}

// OnChange calls f once what a user may do has changed, or, with "", what anybody may. f may not block. Call before Run.
func (s *Service) OnChange(f func(user ids.ID)) { s.changed = append(s.changed, f) }

func (s *Service) tell(user ids.ID) {
	for _, f := range s.changed {
		f(user)
	}
}

// actorCache spares the database from being asked for the same actor thousands of times a second.
type actorCache struct {
	mu      sync.RWMutex
	entries map[string]cachedActor
	drops   uint64 // how often drop was called
}

type cachedActor struct {
	found *found
	until time.Time
}

// find returns what is cached or loads it. Only what was found is kept, for actorFor from before it was read.
func (c *actorCache) find(ctx context.Context, kind, key string, now time.Time, load func(context.Context, string) (*found, error)) (*found, error) {
	cacheKey := kind + key
	c.mu.RLock()
	e, ok := c.entries[cacheKey]
	drops := c.drops
	c.mu.RUnlock()
	if ok && now.Before(e.until) && !now.Before(e.until.Add(-actorFor)) {
		if !e.found.valid(now) {
			return nil, nil
		}
		return e.found, nil
	}
	f, err := load(ctx, key)
	if err != nil || !f.valid(now) {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.drops != drops { // what was read may be what changed
		return f, nil
	}
	if c.entries == nil || len(c.entries) >= maxActors {
		c.entries = map[string]cachedActor{} // all of it is at most a second old
	}
	c.entries[cacheKey] = cachedActor{found: f, until: now.Add(actorFor)}
	return f, nil
}

// drop forgets those that match, and returns whose they were.
func (c *actorCache) drop(match func(*found) bool) (users []ids.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drops++
	for key, e := range c.entries {
		if match(e.found) {
			delete(c.entries, key)
			users = append(users, e.found.actor.ID)
		}
	}
	return users
}
