package sso

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/resourcepool/resourcepool/server/clock"
)

// lookupPause is how long the provider is left alone after it could not be looked up.
const lookupPause = 2 * time.Second

var (
	// ErrUnavailable is returned while the provider can't be reached.
	ErrUnavailable = errors.New("sso: the provider can't be reached")
	// ErrRefused is returned for what the provider does not vouch for.
	ErrRefused = errors.New("sso: not a good answer of the provider")
)

// Options are what the operator says of the provider. Secret is empty for a public client, Name for that of the host.
type Options struct {
	Issuer   string // as the provider writes it
	ClientID string
	Secret   string
	Name     string
	Scopes   []string
	Redirect string // the address that the provider sends browsers back to
	Clock    clock.Clock
}

// Provider is safe for concurrent use.
type Provider struct {
	options Options
	client  *http.Client

	mu      sync.Mutex
	known   *known    // nil until it was looked up
	failure error     // of the last look-up
	again   time.Time // when the next may be
}

// known is what the provider says of itself.
type known struct {
	oauth    oauth2.Config
	provider *oidc.Provider
	verifier *oidc.IDTokenVerifier
}

// New returns a provider that is not looked up yet.
func New(o Options) *Provider { return &Provider{options: o, client: newClient()} }

// Issuer is what identities of this provider are kept under.
func (p *Provider) Issuer() string { return p.options.Issuer }

// Name is what people know the provider by.
func (p *Provider) Name() string {
	if p.options.Name != "" {
		return p.options.Name
	}
	if u, err := url.Parse(p.options.Issuer); err == nil && u.Host != "" {
		return u.Host
	}
	return p.options.Issuer
}

// Request is a sign-in that begins. State comes back with the browser, Nonce in the token, and only who has Verifier can
// use the code. Fresh has the provider ask for the person again, whoever is signed in there.
type Request struct {
	State, Nonce, Verifier string
	Fresh                  bool
}

// Authorize returns where to send the browser, or ErrUnavailable.
func (p *Provider) Authorize(ctx context.Context, r Request) (string, error) {
	k, err := p.lookUp(ctx)
	if err != nil {
		return "", err
	}
	options := []oauth2.AuthCodeOption{oidc.Nonce(r.Nonce), oauth2.S256ChallengeOption(r.Verifier)}
	if r.Fresh {
		options = append(options, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return k.oauth.AuthCodeURL(r.State, options...), nil
}

// lookUp reads where the provider has what, once. One looks up, the others wait for it; after a failure there is a pause.
func (p *Provider) lookUp(ctx context.Context) (*known, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	if p.options.Clock.Now().Before(p.again) {
		return nil, p.failure
	}
	// The next in line must not fail because this browser hung up.
	provider, err := oidc.NewProvider(p.with(context.WithoutCancel(ctx)), p.options.Issuer)
	if err == nil {
		p.known, err = p.learn(provider)
	}
	if err != nil {
		p.failure, p.again = fmt.Errorf("%w: %.300s", ErrUnavailable, err.Error()), p.options.Clock.Now().Add(lookupPause)
		return nil, p.failure
	}
	return p.known, nil
}

func (p *Provider) learn(provider *oidc.Provider) (*known, error) {
	var says struct {
		AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	}
	if err := provider.Claims(&says); err != nil {
		return nil, err
	}
	endpoint := provider.Endpoint()
	// Said at once: to find it out by trying would send a code twice.
	endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if p.options.Secret == "" || len(says.AuthMethods) > 0 && !slices.Contains(says.AuthMethods, "client_secret_basic") {
		endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	return &known{
		oauth: oauth2.Config{
			ClientID: p.options.ClientID, ClientSecret: p.options.Secret, Endpoint: endpoint, RedirectURL: p.options.Redirect, Scopes: p.options.Scopes,
		},
		provider: provider,
		verifier: provider.Verifier(&oidc.Config{ClientID: p.options.ClientID, Now: p.options.Clock.Now}),
	}, nil
}

// with has both libraries use the bounded client.
func (p *Provider) with(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.client)
}
