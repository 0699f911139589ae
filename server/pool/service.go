package pool

import (
	"context"
	"log/slog"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/vault"
)

// books is what this package needs of the ledger.
type books interface {
	Do(ctx context.Context, r ledger.Request) (ledger.Outcome, error)
	Recorded(ctx context.Context, k ledger.Key) (answer []byte, found bool, err error)
	Vestable(ctx context.Context) ([]ledger.Vest, error)
	Drained(ctx context.Context) ([]ids.ID, error)
	TrustUsed(ctx context.Context, user ids.ID) (money.Credits, error)
}

// verifier tests a key with its provider.
type verifier interface {
	Verify(ctx context.Context, t provider.Target, k provider.Key, o provider.VerifyOptions) (provider.Verification, error)
}

// settings tells the fee and the trust limit that are in force.
type settings interface {
	Current(ctx context.Context) (*ent.Setting, error)
}

// Deps are what a Service is made of. None may be missing.
type Deps struct {
	Ent      *ent.Client
	Ledger   books
	Vault    *vault.Vault
	Provider verifier
	Policy   *access.Policy
	Settings settings
	Clock    clock.Clock
	IDs      *ids.Source
	Log      *slog.Logger
}

// Service takes keys into the pool and sees them through their life. It is safe for concurrent use.
type Service struct {
	ent      *ent.Client
	ledger   books
	vault    *vault.Vault
	provider verifier
	policy   *access.Policy
	settings settings
	clock    clock.Clock
	ids      *ids.Source
	log      *slog.Logger

	progress *progress
	throttle *limit.Throttle
	keys     *keyring
}

// New returns a service. Run must be running for the jobs to be done and for changes of other servers to reach Keys in time.
func New(d Deps) *Service {
	s := &Service{
		ent: d.Ent, ledger: d.Ledger, vault: d.Vault, provider: d.Provider, policy: d.Policy, settings: d.Settings,
		clock: d.Clock, ids: d.IDs, log: d.Log,
		progress: newProgress(d.Clock),
		throttle: limit.NewThrottle(d.Ent, d.Vault, d.Clock),
	}
	s.keys = newKeyring(d.Clock, s.loadKeys)
	return s
}

var (
	errUnknownResource = fault.New(fault.NotFound, "there is no such key")
	errAlreadyThere    = fault.New(fault.KeyAlreadyDeposited, "this key is in the pool already")
)

// event is an audit event of now.
func (s *Service) event(actor ids.ID, action string, subject ids.ID, detail map[string]any) journal.Event {
	return journal.Event{
		ID: s.ids.New(ids.Audit), At: s.clock.Now(), Actor: actor, Action: action, Subject: string(subject), Detail: detail,
	}
}

// target is where a resource's key is used.
func target(r *ent.PoolResource) provider.Target {
	return provider.Target{Provider: r.Provider, BaseURL: r.BaseURL}
}

// ref is what a resource's key is bound to in the vault.
func ref(r *ent.PoolResource) vault.Ref {
	return vault.Ref{Resource: r.ID, Provider: r.Provider, Host: provider.Host(target(r))}
}

// realm is within what a key and an account are unique: a provider, or one address of an admin's choice.
func realm(t provider.Target) string {
	if t.BaseURL == "" {
		return t.Provider
	}
	return t.Provider + " " + provider.Host(t)
}

func ownerOf(r *ent.PoolResource) ids.ID {
	if r.OwnerID == nil {
		return ""
	}
	return *r.OwnerID
}
