package sso_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/sso"
)

var (
	asked  = sso.Request{State: "the state", Nonce: "the nonce", Verifier: strings.Repeat("v", 43)}
	answer = sso.Answer{Code: "a code", Nonce: asked.Nonce, Verifier: asked.Verifier}
)

func TestABrowserIsSentWithAllThatBindsTheAnswer(t *testing.T) {
	i := newIssuer(t)
	p := sso.New(i.options())
	q := i.leave(t, p, asked)
	assert.Equal(t, "the state", q.Get("state"))
	assert.Equal(t, "the nonce", q.Get("nonce"))
	assert.Equal(t, "S256", q.Get("code_challenge_method"))
	assert.Equal(t, redirect, q.Get("redirect_uri"))
	assert.Equal(t, "openid email", q.Get("scope"))
	assert.Equal(t, "code", q.Get("response_type"))
	assert.False(t, q.Has("max_age"))
	fresh := asked
	fresh.Fresh = true
	q = i.leave(t, p, fresh)
	assert.Equal(t, []string{"login", "0"}, []string{q.Get("prompt"), q.Get("max_age")})
	assert.Equal(t, []string{"/.well-known/openid-configuration"}, i.requests, "it is looked up once")
}

func TestWhoSignedIn(t *testing.T) {
	i := newIssuer(t)
	i.says = func(says map[string]any) {
		says["amr"], says["auth_time"], says["aud"], says["azp"] = []string{"pwd", "mfa"}, i.clock.Now().Unix()-60, []string{clientID, "other"}, clientID
	}
	p := sso.New(i.options())
	i.leave(t, p, asked)
	who, err := p.Exchange(t.Context(), answer)
	require.NoError(t, err)
	assert.Equal(t, sso.Person{
		Issuer: i.URL, Subject: "tom", Email: "tom@example.org", EmailVerified: true, Name: "Tom", MultiFactor: true,
		AuthenticatedAt: i.clock.Now().Add(-time.Minute),
	}, who)

	_, err = p.Exchange(t.Context(), answer)
	assert.ErrorIs(t, err, sso.ErrRefused, "a code is good once")
	assert.NotContains(t, err.Error(), "CANARY", "what the provider answers is not repeated")
	assert.Equal(t, 2, count(i.requests, "/token"), "and is sent once")
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

func TestWhatTheProviderDoesNotVouchFor(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	says := func(name string, value any) func(*issuer, *sso.Answer) {
		return func(i *issuer, _ *sso.Answer) { i.says = func(claims map[string]any) { claims[name] = value } }
	}
	signs := func(sign func(*issuer, []byte) string) func(*issuer, *sso.Answer) {
		return func(i *issuer, _ *sso.Answer) { i.sign = sign }
	}
	for name, change := range map[string]func(*issuer, *sso.Answer){
		"ErrNonce":      says("nonce", "another"),
		"ErrNoNonce":    says("nonce", nil),
		"ErrAudience":   says("aud", "another"),
		"ErrOtherParty": says("azp", "another"),
		"ErrNoParty":    says("aud", []string{clientID, "another"}),
		"ErrIssuer":     says("iss", "https://evil.example"),
		"ErrExpired": func(i *issuer, _ *sso.Answer) {
			i.says = func(c map[string]any) { c["exp"] = i.clock.Now().Unix() - 1 }
		},
		"ErrNobody":       says("sub", ""),
		"ErrNotFresh":     func(_ *issuer, a *sso.Answer) { a.Fresh = true },
		"ErrVerifier":     func(_ *issuer, a *sso.Answer) { a.Verifier = strings.Repeat("w", 43) },
		"ErrAnswerIssuer": func(_ *issuer, a *sso.Answer) { a.Issuer = "https://evil.example" },
		"ErrKey":          signs(func(_ *issuer, payload []byte) string { return signed(jose.ES256, other, payload) }),
		"ErrAlgNone": signs(func(_ *issuer, payload []byte) string {
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload) + "."
		}),
		"ErrAlgSymmetric": signs(func(_ *issuer, payload []byte) string {
			return signed(jose.HS256, []byte(secret+secret), payload)
		}),
		"ErrSignature": signs(func(i *issuer, payload []byte) string {
			token := strings.Split(signed(jose.ES256, i.key, payload), ".")
			return token[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(payload), "tom", "eve", 1))) + "." + token[2]
		}),
		"ErrNoToken": signs(func(*issuer, []byte) string { return "" }),
	} {
		t.Run(name, func(t *testing.T) {
			i, a := newIssuer(t), answer
			p := sso.New(i.options())
			i.leave(t, p, asked)
			change(i, &a)
			_, err := p.Exchange(t.Context(), a)
			assert.ErrorIs(t, err, sso.ErrRefused)
		})
	}
}

func TestWhatTheTokenDoesNotTellIsAskedFor(t *testing.T) {
	i := newIssuer(t)
	i.says = func(claims map[string]any) { delete(claims, "email") }
	i.userInfo = map[string]any{"sub": "tom", "email": "tom@elsewhere.example", "email_verified": "true", "preferred_username": "tommy"}
	p := sso.New(i.options())
	i.leave(t, p, asked)
	who, err := p.Exchange(t.Context(), answer)
	require.NoError(t, err)
	assert.Equal(t, sso.Person{Issuer: i.URL, Subject: "tom", Email: "tom@elsewhere.example", EmailVerified: true, Name: "tommy"}, who)

	i.userInfo["sub"] = "eve"
	again := answer
	again.Code = "another"
	_, err = p.Exchange(t.Context(), again)
	assert.ErrorIs(t, err, sso.ErrRefused, "it is about somebody else")
}

func TestAProviderThatIsDown(t *testing.T) {
	for name, broken := range map[string]func(http.ResponseWriter, string) bool{
		"5xx": func(w http.ResponseWriter, _ string) bool { w.WriteHeader(http.StatusBadGateway); return true },
		"redirect": func(w http.ResponseWriter, _ string) bool {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			i := newIssuer(t)
			i.broken = broken
			p := sso.New(i.options())
			for range 3 {
				_, err := p.Authorize(t.Context(), asked)
				require.ErrorIs(t, err, sso.ErrUnavailable)
			}
			assert.Len(t, i.requests, 1, "it is left alone for a while")
			i.broken = nil
			i.clock.Advance(2 * time.Second)
			i.leave(t, p, asked)

			i.broken = broken
			_, err := p.Exchange(t.Context(), answer)
			require.Error(t, err)
			assert.True(t, errors.Is(err, sso.ErrUnavailable) || errors.Is(err, sso.ErrRefused), "%v", err)
			assert.Equal(t, 1, count(i.requests, "/token"))
		})
	}
}

func TestAnswersAreBounded(t *testing.T) {
	i := newIssuer(t)
	i.discovery = func(document map[string]any) { document["padding"] = strings.Repeat("x", 2<<20) }
	_, err := sso.New(i.options()).Authorize(t.Context(), asked)
	assert.ErrorIs(t, err, sso.ErrUnavailable)
}

func TestAnotherIssuerIsNone(t *testing.T) {
	i := newIssuer(t)
	i.discovery = func(document map[string]any) { document["issuer"] = "https://evil.example" }
	_, err := sso.New(i.options()).Authorize(t.Context(), asked)
	assert.ErrorIs(t, err, sso.ErrUnavailable)
}

func TestName(t *testing.T) {
	assert.Equal(t, "login.example.org", sso.New(sso.Options{Issuer: "https://login.example.org/realm"}).Name())
	assert.Equal(t, "Our staff", sso.New(sso.Options{Issuer: "https://login.example.org", Name: "Our staff"}).Name())
}
