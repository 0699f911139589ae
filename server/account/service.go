package account

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/mail"
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

// Budgets opens the row that bounds what a token spends, in the transaction that makes the token: in each period, or "" once.
type Budgets interface {
	OpenBudget(ctx context.Context, tx journal.Execer, token ids.ID, limit *money.Credits, period string) error
}

// Keys is the vault: its keyed hash, and what it seals. DestroyUser makes what was sealed for a user unreadable for good.
type Keys interface {
	Hash(purpose string, b []byte) []byte
	SealBlob(purpose string, plain []byte) ([]byte, error)
	OpenBlob(purpose string, sealed []byte) ([]byte, error)
	DestroyUser(ctx context.Context, tx *ent.Client, user ids.ID) error
}

// Mailer sends mails: Put within the transaction of what they tell of, Wake after its commit.
type Mailer interface {
	Put(ctx context.Context, tx journal.Execer, m mail.Message) error
	Wake()
}

// Deps is what a Service stands on. SignUpsPerHour is for each address; 0 means no limit. Without a Mailer no mail is sent:
// passwords can't be reset, e-mails not be verified. VerifiedOnly says that people have to verify theirs before they do
// anything else.
type Deps struct {
	Client         *ent.Client
	Clock          clock.Clock
	Random         io.Reader
	IDs            *ids.Source
	Policy         *access.Policy
	Keys           Keys
	Budgets        Budgets
	Mailer         Mailer
	Log            *slog.Logger
	SignUp         SignUpMode
	SignUpsPerHour int
	PublicURL      *url.URL         // what links in mails begin with, and whose host passkeys are bound to
	Origins        []string         // further pages that may use them
	SSO            IdentityProvider // nil: there is none
	VerifiedOnly   bool             // whose e-mail is not verified reads, and no more
	AdminsProve    bool             // admins act as such only with a second factor
}

// Service is safe for concurrent use.
type Service struct {
	store   store
	clock   clock.Clock
	random  io.Reader
	ids     *ids.Source
	policy  *access.Policy
	keys    Keys
	budgets Budgets
	mail    Mailer // nil: no mail is sent
	log     *slog.Logger
	mode    SignUpMode

	publicURL *url.URL

	sso          IdentityProvider   // nil: there is none
	passkeys     *webauthn.WebAuthn // nil: there can't be any
	begun        *limit.Limiter     // ceremonies, by address
	verifiedOnly bool
	adminsProve  bool
	changed      []func(user ids.ID)
	loading      sync.Mutex    // of custom roles: what is read last is used last
	rolesChanged chan struct{} // on another server

	passwords passwords
	throttle  *limit.Throttle
	failures  failures
	signUps   limit.Rule // by address; no limit where it has no burst
	actors    actorCache
	used      chan use    // for Run to note
	failed    chan failed // sign-ins, for Run to note
	resets    chan string // e-mails whose password is to be reset
}

// use is a token or a session that was used.
type use struct {
	token, session ids.ID
	ip             string
}

// usedBacklog bounds the uses that wait for Run. A use that finds no room is noted with a later one.
const usedBacklog = 1024

// New returns a service. Run does its work in the background.
func New(d Deps) *Service {
	s := &Service{
		store: store{client: d.Client}, clock: d.Clock, random: d.Random, ids: d.IDs, policy: d.Policy, keys: d.Keys,
		budgets: d.Budgets, mail: d.Mailer, log: d.Log, mode: d.SignUp, publicURL: d.PublicURL, verifiedOnly: d.VerifiedOnly, adminsProve: d.AdminsProve,
		sso: d.SSO, passkeys: relyingParty(d.PublicURL, d.Origins), begun: limit.New(d.Clock, ceremoniesAtOnce, ceremonyEvery),
		passwords: newPasswords(cost, runtime.NumCPU()), throttle: limit.NewThrottle(d.Client, d.Keys, d.Clock),
		used: make(chan use, usedBacklog), failed: make(chan failed, failedBacklog), resets: make(chan string, resetBacklog), rolesChanged: make(chan struct{}, 1),
	}
	s.failures = failures{s.throttle}
	if d.SignUpsPerHour > 0 {
		s.signUps = signUpsOf(d.SignUpsPerHour)
	}
	return s
}

// Run notes when tokens and sessions were used and sign-ins failed, has links sent that were asked for, and clears out what
// has expired, until ctx is done. It always returns nil: none of it is worth stopping the server for.
func (s *Service) Run(ctx context.Context) error {
	const every = time.Hour
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case u := <-s.used:
			err = s.store.used(ctx, u, s.clock.Now())
		case f := <-s.failed:
			err = s.note(ctx, f)
		case email := <-s.resets:
			err = s.sendReset(ctx, email)
		case <-tick.C:
			now := s.clock.Now()
			err = errors.Join(s.store.deleteExpiredSessions(ctx, now), s.store.deleteExpiredLinks(ctx, now), s.store.deleteExpiredCeremonies(ctx, now))
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
