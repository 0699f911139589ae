package sso_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/sso"
)

const (
	clientID = "pool"
	secret   = "the-secret-of-the-client"
	redirect = "https://pool.example.org/auth/oidc/callback"
)

// issuer is a provider of OpenID Connect that does what a test tells it.
type issuer struct {
	*httptest.Server
	clock *clock.Fake
	key   *ecdsa.PrivateKey

	mu       sync.Mutex
	spent    map[string]bool
	requests []string // paths, in their order

	challenge string                                        // of the sign-in that runs
	says      func(claims map[string]any)                   // changes what the token says
	sign      func(t *issuer, payload []byte) string        // in place of the issuer's key
	discovery func(document map[string]any)                 // changes what the provider says of itself
	userInfo  map[string]any                                // nil: there is no such endpoint
	broken    func(w http.ResponseWriter, path string) bool // answers in place of it all
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	i := &issuer{clock: clock.NewFake(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)), key: key, spent: map[string]bool{}}
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) options() sso.Options {
	return sso.Options{
		Issuer: i.URL, ClientID: clientID, Secret: secret, Scopes: []string{"openid", "email"}, Redirect: redirect, Clock: i.clock,
	}
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.requests = append(i.requests, r.URL.Path)
	if i.broken != nil && i.broken(w, r.URL.Path) {
		return
	}
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"ES256"},
		}
		if i.userInfo != nil {
			document["userinfo_endpoint"] = i.URL + "/userinfo"
		}
		if i.discovery != nil {
			i.discovery(document)
		}
		_ = json.NewEncoder(w).Encode(document)
	case "/keys":
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	case "/token":
		i.token(w, r)
	case "/userinfo":
		if r.Header.Get("Authorization") != "Bearer access" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(i.userInfo)
	}
}

// token holds a code to its client, its verifier and its one use, as a provider does.
func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	id, password, _ := r.BasicAuth()
	digest := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	code := r.PostFormValue("code")
	ok := id == clientID && password == secret && r.PostFormValue("redirect_uri") == redirect &&
		base64.RawURLEncoding.EncodeToString(digest[:]) == i.challenge && code != "" && !i.spent[code]
	i.spent[code] = true
	if !ok {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"CANARY"}`))
		return
	}
	now := i.clock.Now()
	says := map[string]any{
		"iss": i.URL, "sub": "tom", "aud": clientID, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "nonce": "the nonce",
		"email": "tom@example.org", "email_verified": true, "name": "Tom",
	}
	if i.says != nil {
		i.says(says)
	}
	payload, _ := json.Marshal(says)
	sign := i.sign
	if sign == nil {
		sign = func(i *issuer, payload []byte) string { return signed(jose.ES256, i.key, payload) }
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": "access", "token_type": "Bearer", "expires_in": 60, "id_token": sign(i, payload)})
}

func signed(alg jose.SignatureAlgorithm, key any, payload []byte) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
	if err != nil {
		panic(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		panic(err)
	}
	text, err := object.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return text
}

// leave begins a sign-in and returns the address that the browser is sent to.
func (i *issuer) leave(t *testing.T, p *sso.Provider, r sso.Request) url.Values {
	t.Helper()
	to, err := p.Authorize(t.Context(), r)
	require.NoError(t, err)
	u, err := url.Parse(to)
	require.NoError(t, err)
	i.challenge = u.Query().Get("code_challenge")
	return u.Query()
}
