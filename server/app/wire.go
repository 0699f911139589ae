package app

import (
	"context"
	"database/sql"

	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/frontend"
	"github.com/resourcepool/resourcepool/graph"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/audit"
	"github.com/resourcepool/resourcepool/server/check"
	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/feed"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/httpd"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/journal"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/mail"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/statement"
	v1 "github.com/resourcepool/resourcepool/server/v1"
	"github.com/resourcepool/resourcepool/server/vault"
)

// Server is a wired program: every service, joined by hand.
type Server struct {
	url      *url.URL
	identity *identity
	requests *sql.DB // of requests
	books    *sql.DB // of the ledger's readers and jobs
	checking *sql.DB // of the checks
	batches  *sql.DB // of the ledger's writer

	vault      *vault.Vault
	ledger     *ledger.Ledger
	account    *account.Service
	pool       *pool.Service
	gateway    *gateway.Gateway
	feed       *feed.Hub
	keeper     *checkpoint.Keeper
	checks     *check.Keeper
	proofs     *checkpoint.Proofs
	statements *statement.Service
	sharing    *limit.Sharing
	http       *httpd.Server
	outbox     *mail.Outbox   // nil where no mail is sent
	metrics    *metricsServer // nil where there is none
	open       atomic.Bool    // requests are taken
	// stopping is closed when the edge takes nothing new.
	stopping chan struct{}
	// postgresGone is closed when a private Postgres ends; nil where the database is the operator's.
	postgresGone <-chan struct{}
}

// wire builds the services on a migrated database. Nothing of them runs yet.
func wire(ctx context.Context, o Options, db *store, listening net.Addr) (_ *Server, err error) {
	cfg, source := o.Config, ids.NewSource(o.Clock, o.Rand)
	s := &Server{url: cfg.Public(listening), stopping: make(chan struct{}), postgresGone: db.gone()}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.identity, err = claimIdentity(cfg.DataDir, source); err != nil {
		return nil, err
	}
	if s.requests, err = database.OpenRequests(db.url, requestConns); err != nil {
		return nil, err
	}
	if s.books, err = db.open(ledgerConns); err != nil {
		return nil, err
	}
	if s.checking, err = db.open(checkConns); err != nil {
		return nil, err
	}
	if s.batches, err = database.OpenWriter(db.url); err != nil {
		return nil, err
	}
	client := database.Ent(s.requests)

	if s.vault, err = openVault(ctx, cfg, client, o.Clock, o.Rand, vault.On(ids.ID(s.identity.name)), vault.Logging(o.Log)); err != nil {
		return nil, err
	}
	policy, err := access.New()
	if err != nil {
		return nil, err
	}
	providers, err := provider.New(provider.Options{URLs: cfg.ProviderURLs, Resolver: o.Resolver, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return nil, fmt.Errorf("POOL_PROVIDER_URLS: %w", err)
	}
	settings, err := pool.NewSettings(ctx, pool.SettingsDeps{Ent: client, Policy: policy, Clock: o.Clock, IDs: source}, firstSettings(cfg))
	if err != nil {
		return nil, err
	}

	s.sharing = limit.NewSharing(s.requests, s.vault, o.Clock, o.Log)
	s.ledger = ledger.New(ledger.Options{DB: s.books, Batches: s.batches, Ent: client, Clock: o.Clock, Rand: o.Rand, IDs: source, Log: o.Log, Identity: s.identity.name})
	s.checks = check.NewKeeper(check.Deps{DB: s.checking, Leases: s.ledger, Clock: o.Clock, IDs: source, Log: o.Log})
	signOn := singleSignOn(cfg, s.url, o.Clock)
	s.account = account.New(account.Deps{
		Client: client, Clock: o.Clock, Random: o.Rand, IDs: source, Policy: policy, Keys: s.vault, Budgets: s.ledger, Log: o.Log,
		Mailer: s.mailer(o, client, s.vault, source), VerifiedOnly: cfg.VerifyEmail, AdminsProve: cfg.AdminSecondFactor,
		SignUp: account.SignUpMode(cfg.Signup), SignUpsPerHour: cfg.SignupsPerHour,
		PublicURL: s.url, Origins: cfg.Origins, SSO: signOn,
	})
	s.pool = pool.New(pool.Deps{
		Ent: client, Ledger: s.ledger, Vault: s.vault, Provider: providers, Policy: policy, Settings: settings, Clock: o.Clock, IDs: source, Log: o.Log,
	})
	prices := pool.NewPrices(pool.PricesDeps{
		Ent: client, Catalogue: provider.Models(), Settings: settings, Keys: s.pool, Policy: policy, Clock: o.Clock, IDs: source,
	})
	counted := newRequestMetrics()
	s.gateway = gateway.New(gateway.Deps{
		Ledger: s.ledger, Pool: s.pool, Prices: prices, Settings: settings, Vault: s.vault, Upstream: providers, Ent: client, Clock: o.Clock, IDs: source, Log: o.Log,
		Policy: policy, Observe: counted.observe,
	})
	s.feed = feed.New(feed.Deps{Client: client, Database: db.url, Clock: o.Clock, Log: o.Log})
	s.hear(settings, prices)
	if err := s.prove(o, policy, source); err != nil {
		return nil, err
	}

	resolver := &graph.Resolver{
		Policy: policy, Accounts: s.account, Profiles: s.account, Pool: s.pool, Reports: pool.NewReports(pool.ReportsDeps{Ent: client, Policy: policy, Clock: o.Clock}),
		Audit:  audit.New(client, policy),
		Prices: prices, SettingsStore: settings, Ledger: s.ledger, Proofs: s.proofs, Gateway: s.gateway, Feed: s.feed,
		SignOnAddress: httpd.SSOStart,
	}
	if err := s.edge(o, resolver, prices, source); err != nil {
		return nil, err
	}
	if cfg.MetricsListen != "" {
		s.metrics, err = newMetrics(ctx, cfg.MetricsListen, append(checkpointMetrics(s.keeper, o.Clock), newCheckMetrics(s.checks), counted.ended, counted.took)...)
	}
	return s, err
}

// mailer returns what sends mails, nil where none is sent.
func (s *Server) mailer(o Options, client *ent.Client, keys *vault.Vault, source *ids.Source) account.Mailer {
	if o.Config.SMTP == nil {
		return nil
	}
	s.outbox = mail.New(mail.Deps{Client: client, Server: o.Config.SMTP, Sealer: keys, Clock: o.Clock, IDs: source, Log: o.Log})
	return s.outbox
}

// firstSettings are the first values where the environment names some.
func firstSettings(cfg config.Config) pool.Defaults {
	first := pool.StandardDefaults()
	first.DepositFeeRate, first.PriceMarkup, first.UnconfirmedTrustLimit = cfg.DepositFee, cfg.PriceMarkup, cfg.UnconfirmedTrustLimit
	return first
}

// hear tells the caches what changed, here and on other servers.
func (s *Server) hear(settings *pool.SettingsStore, prices *pool.Prices) {
	s.ledger.OnCommit(func(int64) { s.feed.Poke() })
	s.feed.OnMoved(func([]ledger.AccountID) { s.pool.Invalidate() })
	s.feed.OnChange(func(kind, ref string) {
		switch kind {
		case journal.User:
			s.account.Invalidate(ids.ID(ref))
			s.vault.Forget(ids.ID(ref))
		case journal.Resource:
			s.pool.Invalidate(ids.ID(ref))
		case journal.Rest:
			s.pool.Invalidate()
		case journal.Prices:
			prices.Invalidate()
		case journal.Roles:
			s.account.RolesChanged()
		case vault.MasterKeys:
			s.vault.Wake()
		case journal.Settings:
			settings.Invalidate()
			prices.Invalidate() // the markup
		case feed.Everything:
			s.account.InvalidateAll()
			s.account.RolesChanged()
			s.vault.Wake()
			s.pool.Invalidate()
			prices.Invalidate()
			settings.Invalidate()
		}
	})
}

// edge joins GraphQL and HTTP, which ask each other: who may open a socket, and what a request brought.
func (s *Server) edge(o Options, resolver *graph.Resolver, prices *pool.Prices, source *ids.Source) error {
	var server *httpd.Server
	requests := &limit.Requests{
		Account: s.sharing.PerMinute("account", o.Config.RateLimitRPM),
		Token:   s.sharing.PerMinute("token", o.Config.TokenRateLimitRPM),
		Cost:    s.sharing.PerMinute("cost", o.Config.QueryCostPerMinute),
	}
	graphql, err := graph.New(graph.Config{
		Resolver: resolver, Auth: s.account, Log: o.Log, Clock: o.Clock, IDs: source,
		AllowedOrigin: func(r *http.Request) bool { return server.AllowedOrigin(r) }, Stopping: s.stopping, Requests: requests,
	})
	if err != nil {
		return err
	}
	s.account.OnChange(graphql.Recheck)
	pages, built := frontend.FS()
	if !built {
		pages = nil
	}
	server, err = httpd.New(httpd.Config{
		PublicURL: s.url, Origins: o.Config.Origins, TrustedProxies: o.Config.TrustedProxies, Auth: s.account, GraphQL: graphql,
		WithRequest: func(ctx context.Context, r httpd.Request) context.Context {
			return graph.WithRequest(ctx, &graph.Request{IP: r.IP, Session: r.Session, SetSession: r.SetSession, ClearSession: r.ClearSession})
		},
		API: v1.New(v1.Config{
			Gateway: s.gateway, Prices: prices, Authenticate: s.account.ActorByToken, Refresh: s.account.Refresh, Requests: requests, Stopping: s.stopping, Clock: o.Clock, Log: o.Log,
		}),
		Downloads: s.downloads(), SSO: s.account, Requests: requests, Frontend: pages, NotBuilt: frontend.NotBuilt, Ready: s.ready, Log: o.Log, IDs: source,
	})
	s.http = server
	return err
}

var errNotServing = fault.New(fault.Overloaded, "the server is starting or stopping")

// ready says why requests can't be taken now.
func (s *Server) ready(ctx context.Context) error {
	if !s.open.Load() {
		return errNotServing
	}
	if err := s.vault.Ready(); err != nil {
		return err
	}
	return s.requests.PingContext(ctx)
}

// close gives back what wire took.
func (s *Server) close() {
	for _, db := range []*sql.DB{s.requests, s.books, s.checking, s.batches} {
		if db != nil {
			_ = db.Close()
		}
	}
	if s.identity != nil {
		s.identity.release()
	}
}
