package graph

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/ent/schema"
	"github.com/resourcepool/resourcepool/ent/user"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/audit"
	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/page"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/vault"
)

// accounts is account.Service.
type accounts interface {
	SignUp(ctx context.Context, in account.SignUpInput) (*ent.User, account.Login, error)
	SignIn(ctx context.Context, in account.SignInInput) (*ent.User, account.Login, error)
	SignInMethods() *account.SignInMethods
	BeginPasskeyRegistration(ctx context.Context, a *access.Actor) (*account.PasskeyCeremony, error)
	BeginPasskeyAuthentication(ctx context.Context) (*account.PasskeyCeremony, error)
	AddPasskey(ctx context.Context, a *access.Actor, in account.AddPasskeyInput) (*ent.Passkey, error)
	RemovePasskey(ctx context.Context, a *access.Actor, id ids.ID) error
	SignInWithPasskey(ctx context.Context, in account.UsePasskeyInput) (*ent.User, account.Login, error)
	ReauthenticateWithPasskey(ctx context.Context, a *access.Actor, in account.UsePasskeyInput) error
	Passkeys(ctx context.Context, user ids.ID) ([]*ent.Passkey, error)
	LinkIdentity(ctx context.Context, a *access.Actor) (ids.ID, time.Time, error)
	UnlinkIdentity(ctx context.Context, a *access.Actor, id ids.ID) error
	Identities(ctx context.Context, user ids.ID) ([]*ent.Identity, error)
	SignOut(ctx context.Context, a *access.Actor) error
	Reauthenticate(ctx context.Context, a *access.Actor, password string, code *string) error
	ActorBySession(ctx context.Context, secret string) (*access.Actor, error)
	CreateToken(ctx context.Context, a *access.Actor, in account.CreateTokenInput) (*ent.APIToken, string, error)
	RevokeToken(ctx context.Context, a *access.Actor, id ids.ID) (*ent.APIToken, error)
	Tokens(ctx context.Context, user ids.ID) ([]*ent.APIToken, error)
	Token(ctx context.Context, id ids.ID) (*ent.APIToken, error)
	UsersByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.User, error)
	Users(ctx context.Context, f account.UserFilter, o account.UserOrder, args page.Args) (page.Connection[*ent.User], error)
	SetRoles(ctx context.Context, a *access.Actor, id ids.ID, roles []access.Role) (*ent.User, error)
	SetStatus(ctx context.Context, a *access.Actor, id ids.ID, status user.Status) (*ent.User, error)
	CustomRoles(ctx context.Context) ([]*ent.CustomRole, error)
	GrantableRights() []schema.Grant
	SaveCustomRole(ctx context.Context, a *access.Actor, in account.CustomRoleInput) (*ent.CustomRole, error)
	RemoveCustomRole(ctx context.Context, a *access.Actor, name string) (bool, error)
	SetCustomRoles(ctx context.Context, a *access.Actor, id ids.ID, names []string) (*ent.User, error)
}

// profiles is account.Service too: what people do with their own accounts.
type profiles interface {
	SendVerification(ctx context.Context, a *access.Actor) error
	VerifyEmail(ctx context.Context, secret string) error
	RequestPasswordReset(ctx context.Context, email, ip string) error
	ResetPassword(ctx context.Context, secret, password string) error
	ChangePassword(ctx context.Context, a *access.Actor, old *string, next string) (*ent.User, account.Login, error)
	ChangeEmail(ctx context.Context, a *access.Actor, email string) (*ent.User, error)
	Sessions(ctx context.Context, user ids.ID) ([]*ent.Session, error)
	RevokeSession(ctx context.Context, a *access.Actor, id ids.ID) error
	RevokeOtherSessions(ctx context.Context, a *access.Actor) (int, error)
	EnrolTOTP(ctx context.Context, a *access.Actor) (*account.Enrolment, error)
	ConfirmTOTP(ctx context.Context, a *access.Actor, code string) ([]string, error)
	DisableTOTP(ctx context.Context, a *access.Actor, code string) error
	NewRecoveryCodes(ctx context.Context, a *access.Actor) ([]string, error)
	Factor(ctx context.Context, u *ent.User) (account.Factor, error)
	DeleteAccount(ctx context.Context, a *access.Actor) error
	CreateInvite(ctx context.Context, a *access.Actor, email string, until *time.Time) (*account.Invitation, error)
}

// pools is pool.Service: how keys come in, live and end.
type pools interface {
	Deposit(ctx context.Context, a *access.Actor, in pool.DepositInput) (*pool.DepositResult, error)
	AddPlatformResource(ctx context.Context, a *access.Actor, in pool.DepositInput) (*ent.PoolResource, error)
	DepositSteps(ctx context.Context, a *access.Actor, progressID string) (<-chan pool.DepositStep, error)
	Pause(ctx context.Context, a *access.Actor, id ids.ID) (*ent.PoolResource, error)
	Resume(ctx context.Context, a *access.Actor, id ids.ID) (*ent.PoolResource, error)
	Verify(ctx context.Context, a *access.Actor, id ids.ID) (*ent.PoolResource, error)
	Rotate(ctx context.Context, a *access.Actor, id ids.ID, key vault.Secret) (*ent.PoolResource, error)
	Withdraw(ctx context.Context, a *access.Actor, id ids.ID) (*pool.DepositResult, error)
	Suspend(ctx context.Context, a *access.Actor, id ids.ID, reason string) (*ent.PoolResource, error)
	SetResourceLimits(ctx context.Context, a *access.Actor, id ids.ID, l pool.KeyLimits) (*ent.PoolResource, error)
	Resting(ctx context.Context, id ids.ID) ([]pool.Rest, error)
	RepairBy(ctx context.Context, r *ent.PoolResource) (*time.Time, error)
	Quote(ctx context.Context, a *access.Actor, quota money.USD) (*pool.Quote, error)
	Grant(ctx context.Context, a *access.Actor, user ids.ID, amount money.Credits, memo string, idempotencyKey *string) (seq int64, err error)
}

// reports is pool.Reports.
type reports interface {
	Overview(ctx context.Context) (*pool.Overview, error)
	Contributors(ctx context.Context, args page.Args, order pool.ContributorOrder) (page.Connection[*ent.PoolLedger], error)
	Ledger(ctx context.Context, owner ids.ID) (*ent.PoolLedger, error)
	Remaining(ctx context.Context, owners ...ids.ID) (map[ids.ID]money.USD, error)
	Resources(ctx context.Context, a *access.Actor, args page.Args, f pool.ResourceFilter, order pool.ResourceOrder) (page.Connection[*ent.PoolResource], error)
	ResourcesOf(ctx context.Context, owner ids.ID, args page.Args) (page.Connection[*ent.PoolResource], error)
	Resource(ctx context.Context, id ids.ID) (*ent.PoolResource, error)
	UsageLogs(ctx context.Context, a *access.Actor, args page.Args, f pool.UsageFilter, order pool.UsageOrder) (page.Connection[*ent.UsageLog], error)
	UsageLogsOf(ctx context.Context, user ids.ID, args page.Args) (page.Connection[*ent.UsageLog], error)
	UsageLogsByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.UsageLog, error)
	ResourcesByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.PoolResource, error)
	UsageSeries(ctx context.Context, a *access.Actor, in pool.SeriesInput) ([]pool.UsagePoint, error)
	KeyAccesses(ctx context.Context, a *access.Actor, args page.Args, resource *ids.ID) (page.Connection[*ent.KeyAccess], error)
	Decision(ctx context.Context, usage ids.ID) (*routing.Record, error)
}

// audits is audit.Log.
type audits interface {
	Events(ctx context.Context, a *access.Actor, args page.Args, f audit.Filter) (page.Connection[audit.Event], error)
}

// prices is pool.Prices.
type prices interface {
	Models(ctx context.Context) ([]pool.Model, error)
	Catalogue() pool.Catalogue
	Aliases(ctx context.Context) ([]pool.Alias, error)
	SetModelAlias(ctx context.Context, a *access.Actor, name, model string) (pool.Alias, error)
	RemoveModelAlias(ctx context.Context, a *access.Actor, name string) (bool, error)
	SetModelPrice(ctx context.Context, a *access.Actor, in pool.ModelPriceInput) (pool.Model, error)
}

// settings is pool.SettingsStore.
type settings interface {
	Current(ctx context.Context) (*ent.Setting, error)
	Update(ctx context.Context, a *access.Actor, p pool.SettingsPatch) (*ent.Setting, error)
}

// books is ledger.Ledger, for reading.
type books interface {
	Wallet(ctx context.Context, user ids.ID) (ledger.WalletState, error)
	Entries(ctx context.Context, user ids.ID, args page.Args) (page.Connection[ledger.WalletEntry], error)
	List(ctx context.Context, args page.Args, f ledger.Filter) (page.Connection[*ent.LedgerTransaction], error)
	TransactionsBySeq(ctx context.Context, seqs ...int64) (map[int64]*ent.LedgerTransaction, error)
	Postings(ctx context.Context, seqs ...int64) (map[int64][]ledger.Posting, error)
	Quotas(ctx context.Context, resources ...ids.ID) (map[ids.ID]ledger.Balance, error)
	Budgets(ctx context.Context, tokens ...ids.ID) (map[ids.ID]ledger.Budget, error)
	Audit(ctx context.Context) (*ledger.Report, error)
}

// proofs is checkpoint.Proofs.
type proofs interface {
	Receipt(ctx context.Context, a *access.Actor, seq int64) (*checkpoint.Receipt, error)
}

// completions is gateway.Gateway.
type completions interface {
	Estimate(ctx context.Context, a *access.Actor, in gateway.Input) (gateway.Estimate, error)
	Preview(ctx context.Context, a *access.Actor, in gateway.Input) (routing.Decision, error)
	Complete(ctx context.Context, a *access.Actor, in gateway.Input) (*gateway.Result, error)
	Stream(ctx context.Context, a *access.Actor, in gateway.Input) (<-chan gateway.Chunk, error)
}

// feeds is feed.Hub.
type feeds interface {
	Transactions(ctx context.Context, after *string) (*feed.Subscription, error)
	Wallets(ctx context.Context, user ids.ID) (<-chan struct{}, error)
	Resources(ctx context.Context, owner ids.ID) (<-chan ids.ID, error)
}
