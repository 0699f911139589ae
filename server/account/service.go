package account

import (
	"context"
	"io"
	"log/slog"
	"runtime"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/money"
)

// SignUpMode says who may make an account.
type SignUpMode string

// The values of POOL_SIGNUP.
const (
	Open   SignUpMode = "open"
	Invite SignUpMode = "invite"
	Closed SignUpMode = "closed"
)

// Budgets opens the row that bounds what a token spends, in the transaction that makes the token.
type Budgets interface {
	OpenBudget(ctx context.Context, tx journal.Execer, token ids.ID, limit *money.Credits) error
}

// Hasher is the vault's keyed hash.
type Hasher interface {
	Hash(purpose string, b []byte) []byte
}

// Deps is what a Service stands on. SignUpsPerHour is for each address; 0 means no limit.
type Deps struct {
	Client         *ent.Client
	Clock          clock.Clock
	Random         io.Reader
	IDs            *ids.Source
	Policy         *access.Policy
	Hasher         Hasher
	Budgets        Budgets
	Log            *slog.Logger
	SignUp         SignUpMode
	SignUpsPerHour int
}

// Service is safe for concurrent use.
type Service struct {
	store   store
	clock   clock.Clock
	random  io.Reader
	ids     *ids.Source
	policy  *access.Policy
	hasher  Hasher
	budgets Budgets
	log     *slog.Logger
	mode    SignUpMode

	passwords passwords
	failures  failures
	signUps   *limit.Limiter // nil: no limit
	actors    actorCache
	used      chan ids.ID // tokens that were used, for Run to note
}

// usedBacklog bounds the tokens that wait for Run. A use that finds no room is noted with a later one.
const usedBacklog = 1024

// New returns a service. Run does its work in the background.
func New(d Deps) *Service {
	s := &Service{
		store: store{client: d.Client}, clock: d.Clock, random: d.Random, ids: d.IDs, policy: d.Policy, hasher: d.Hasher,
		budgets: d.Budgets, log: d.Log, mode: d.SignUp,
		passwords: newPasswords(cost, runtime.NumCPU()), failures: newFailures(d.Clock),
		used: make(chan ids.ID, usedBacklog),
	}
	if d.SignUpsPerHour > 0 {
		s.signUps = limit.New(d.Clock, d.SignUpsPerHour, time.Hour/time.Duration(d.SignUpsPerHour))
	}
	return s
}

// Run notes when tokens were used and clears out expired sessions, until ctx is done. It always returns nil: neither is
// worth stopping the server for.
func (s *Service) Run(ctx context.Context) error {
	const every = time.Hour
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case id := <-s.used:
			err = s.store.tokenUsed(ctx, id, s.clock.Now())
		case <-tick.C:
			err = s.store.deleteExpiredSessions(ctx, s.clock.Now())
		}
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "account: background work failed", "err", err)
		}
	}
}

// event starts an audit event.
func (s *Service) event(actor ids.ID, action string, subject ids.ID, detail map[string]any) journal.Event {
	return journal.Event{ID: s.ids.New(ids.Audit), At: s.clock.Now(), Actor: actor, Action: action, Subject: string(subject), Detail: detail}
}

// Roles returns what the row of a user says of their roles. Everybody has USER.
func Roles(u *ent.User) []access.Role { return roles(u.Contributor, u.Admin) }

func roles(contributor, admin bool) []access.Role {
	out := []access.Role{access.User}
	if contributor {
		out = append(out, access.Contributor)
	}
	if admin {
		out = append(out, access.Admin)
	}
	return out
}
