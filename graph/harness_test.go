package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/gateway"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/routing"
)

// The people of these tests. Their secret is their id.
const (
	tom   ids.ID = "usr_00000000000000000000000tom"
	bob   ids.ID = "usr_00000000000000000000000bob"
	admin ids.ID = "usr_000000000000000000000admin"
	key   ids.ID = "res_00000000000000000000000key"
	log1  ids.ID = "use_00000000000000000000000log"
)

// directory is who is signed in by which secret.
type directory struct {
	mu     sync.Mutex
	people map[ids.ID]*access.Actor
	err    error
}

func newDirectory() *directory {
	return &directory{people: map[ids.ID]*access.Actor{
		tom:   {ID: tom, Roles: []access.Role{access.User}, SessionID: "ses_tom"},
		bob:   {ID: bob, Roles: []access.Role{access.User, access.Contributor}, SessionID: "ses_bob"},
		admin: {ID: admin, Roles: []access.Role{access.User, access.Admin}, SessionID: "ses_admin"},
	}}
}

func (d *directory) set(id ids.ID, a *access.Actor, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.people[id], d.err = a, err
}

func (d *directory) ActorBySession(_ context.Context, secret string) (*access.Actor, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.people[ids.ID(secret)], d.err
}

func (d *directory) ActorByToken(ctx context.Context, secret string) (*access.Actor, error) {
	a, err := d.ActorBySession(ctx, secret)
	if a == nil && err == nil {
		return nil, fault.New(fault.Unauthenticated, "this API token is not valid")
	}
	return a, err
}

func (d *directory) Refresh(ctx context.Context, a *access.Actor) (*access.Actor, error) {
	return d.ActorBySession(ctx, string(a.ID))
}

// The services below answer what the tests of the edge ask; any other call panics, which such a test would notice.
type someAccounts struct {
	accounts
	*directory
	asked map[ids.ID]int
	mu    sync.Mutex
}

func (s *someAccounts) ActorBySession(ctx context.Context, secret string) (*access.Actor, error) {
	return s.directory.ActorBySession(ctx, secret)
}

func (s *someAccounts) UsersByID(_ context.Context, list ...ids.ID) (map[ids.ID]*ent.User, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[ids.ID]*ent.User{}
	for _, id := range list {
		s.asked[id]++
		if id.Kind() == ids.User && len(id) == 30 {
			out[id] = &ent.User{ID: id, DisplayName: string(id), Email: string(id) + "@example.org", Status: "ACTIVE"}
		}
	}
	return out, nil
}

type someReports struct{ reports }

func (someReports) UsageLogsByID(_ context.Context, list ...ids.ID) (map[ids.ID]*ent.UsageLog, error) {
	out := map[ids.ID]*ent.UsageLog{}
	if slices.Contains(list, log1) {
		out[log1] = &ent.UsageLog{
			ID: log1, Status: "SUCCEEDED", Model: "gpt-4", RequestedModel: "best", Provider: "openai", UserID: tom, ResourceID: key, OwnerID: bob, CreditsCharged: 10e9, CostAmount: 5e7,
			RoutingReason: "lowest_cost", TransactionSeq: 7,
		}
	}
	return out, nil
}

func (r someReports) ResourcesByID(ctx context.Context, list ...ids.ID) (map[ids.ID]*ent.PoolResource, error) {
	out := map[ids.ID]*ent.PoolResource{}
	for _, id := range list {
		if row, err := r.Resource(ctx, id); err == nil {
			out[id] = row
		}
	}
	return out, nil
}

func (someReports) Resource(_ context.Context, id ids.ID) (*ent.PoolResource, error) {
	if id != key {
		return nil, fault.New(fault.NotFound, "there is no such key")
	}
	owner := bob
	return &ent.PoolResource{ID: id, OwnerID: &owner, Provider: "openai", Status: "ACTIVE", MaxConcurrency: 3}, nil
}

func (someReports) Decision(context.Context, ids.ID) (*routing.Record, error) {
	return &routing.Record{Reason: "lowest_cost"}, nil
}

func (someReports) Overview(context.Context) (*pool.Overview, error) {
	return nil, errors.New("pq: relation \"secret_table\" does not exist at 10.0.0.7")
}

type somePools struct {
	pools
	fail    error
	resting []pool.Rest
	limits  pool.KeyLimits
}

func (p *somePools) Resting(context.Context, ids.ID) ([]pool.Rest, error) { return p.resting, nil }

func (p *somePools) SetResourceLimits(_ context.Context, _ *access.Actor, id ids.ID, l pool.KeyLimits) (*ent.PoolResource, error) {
	p.limits = l
	return &ent.PoolResource{ID: id}, nil
}

func (p somePools) Deposit(context.Context, *access.Actor, pool.DepositInput) (*pool.DepositResult, error) {
	return nil, p.fail
}

func (somePools) Pause(context.Context, *access.Actor, ids.ID) (*ent.PoolResource, error) {
	panic("sk-nothing to see")
}

type someBooks struct{ books }

func (someBooks) Wallet(context.Context, ids.ID) (ledger.WalletState, error) {
	return ledger.WalletState{Available: 40e9}, nil
}

func (someBooks) TransactionsBySeq(_ context.Context, seqs ...int64) (map[int64]*ent.LedgerTransaction, error) {
	out := map[int64]*ent.LedgerTransaction{}
	for _, s := range seqs {
		if s == 7 {
			out[7] = &ent.LedgerTransaction{ID: 7, Kind: "USAGE", UserID: tom, ResourceID: key, UsageID: log1, Hash: []byte{1}, PreviousHash: []byte{2}}
		}
	}
	return out, nil
}

func (someBooks) Postings(context.Context, ...int64) (map[int64][]ledger.Posting, error) {
	return map[int64][]ledger.Posting{7: {
		{Account: ledger.Wallet(tom), Amount: -10e9}, {Account: ledger.Revenue, Amount: 10e9},
		{Account: ledger.Quota(key), Amount: -5e7}, {Account: ledger.Spent, Amount: 5e7},
	}}, nil
}

type someCompletions struct {
	completions
	stream func(ctx context.Context) (<-chan gateway.Chunk, error)
}

func (c someCompletions) Stream(ctx context.Context, _ *access.Actor, _ gateway.Input) (<-chan gateway.Chunk, error) {
	return c.stream(ctx)
}

// edge is a handler with people and fakes behind it.
type edge struct {
	*Handler
	people   *directory
	accounts *someAccounts
	pools    *somePools
	feed     *someFeed
	stream   *someCompletions
	logged   *bytes.Buffer
	stopping chan struct{}
}

func newEdge(t *testing.T) *edge {
	t.Helper()
	policy, err := access.New()
	require.NoError(t, err)
	people := newDirectory()
	e := &edge{
		people: people, accounts: &someAccounts{directory: people, asked: map[ids.ID]int{}}, pools: &somePools{},
		feed: newFeed(), stream: &someCompletions{}, logged: &bytes.Buffer{}, stopping: make(chan struct{}),
	}
	var mu sync.Mutex
	e.Handler, err = New(Config{
		Resolver: &Resolver{
			Policy: policy, Accounts: e.accounts, Pool: e.pools, Reports: someReports{}, Ledger: someBooks{}, Gateway: e.stream, Feed: e.feed,
		},
		Auth: people, Clock: clock.System, IDs: ids.System(), Stopping: e.stopping,
		Log:           slog.New(slog.NewTextHandler(lockedWriter{&mu, e.logged}, nil)),
		AllowedOrigin: func(r *http.Request) bool { return r.Header.Get("Origin") == "https://pool.example.org" },
	})
	require.NoError(t, err)
	return e
}

// timing changes how long sockets wait, before any is open.
func (e *edge) timing(change func(*timing)) { change(&e.sockets.timing) }

type lockedWriter struct {
	mu *sync.Mutex
	to io.Writer
}

func (w lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(p)
}

// reply is an answer of /graphql.
type reply struct {
	status int
	header http.Header
	raw    string
	Data   json.RawMessage
	Errors []struct {
		Message    string
		Path       []any
		Extensions map[string]any
	}
}

func (r reply) code() any {
	if len(r.Errors) == 0 {
		return nil
	}
	return r.Errors[0].Extensions["code"]
}

func (r reply) field() any {
	if len(r.Errors) == 0 {
		return nil
	}
	return r.Errors[0].Extensions["field"]
}

// send sends a request as somebody; "" is signed out.
func (e *edge) send(t *testing.T, who ids.ID, method, contentType, accept, body string) reply {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "/graphql", strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	e.people.mu.Lock()
	a := e.people.people[who]
	e.people.mu.Unlock()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r.WithContext(WithRequest(access.With(r.Context(), a), &Request{IP: "192.0.2.1"})))
	out := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), "%s", out.raw)
	return out
}

// ask sends a query with variables.
func (e *edge) ask(t *testing.T, who ids.ID, query string, variables map[string]any) reply {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	require.NoError(t, err)
	return e.send(t, who, http.MethodPost, "application/json", "", string(body))
}
