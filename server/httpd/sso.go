package httpd

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// The addresses of single sign-on. People are sent to the first; the provider sends them back to the second.
const (
	ssoStart    = "/auth/oidc/start"
	ssoCallback = "/auth/oidc/callback"
	signInPage  = "/sign-in"
)

// SSOCallback is the address that the provider has to know, of a pool at this one.
func SSOCallback(public *url.URL) string { return public.JoinPath(ssoCallback).String() }

// SSOStart is where to begin a sign-in elsewhere; with a link, that of an identity.
func SSOStart(link ids.ID) string {
	if link == "" {
		return ssoStart
	}
	return ssoStart + "?" + url.Values{"link": {string(link)}}.Encode()
}

// SingleSignOn is account.Service: it knows who comes back from a provider.
type SingleSignOn interface {
	StartSSO(ctx context.Context, a *access.Actor, in account.SSOStart) (account.SSOLeave, error)
	FinishSSO(ctx context.Context, a *access.Actor, in account.SSOReturn) (account.SSOArrival, error)
}

// newBrowserCookie tells the browser that left for a provider from those that only came back. It is sent along when the
// provider sends the browser back, which is a page of another site leading here.
func newBrowserCookie(public *url.URL) cookie {
	c := newCookie(public)
	if c.name = "pool_sign_on"; c.secure {
		c.name = "__Host-" + c.name
	}
	return c
}

func (s *Server) singleSignOn(r chi.Router) {
	if s.SSO == nil {
		return
	}
	r.Method(http.MethodGet, ssoStart, s.authenticate(noStore(http.HandlerFunc(s.leaveForProvider))))
	r.Method(http.MethodGet, ssoCallback, s.authenticate(noStore(http.HandlerFunc(s.backFromProvider))))
}

func (s *Server) leaveForProvider(w http.ResponseWriter, r *http.Request) {
	if scheme := s.PublicURL.Scheme; canonical(scheme, r.Host) != canonical(scheme, s.PublicURL.Host) { // another name of ours: the provider will send the browser to this one
		http.Redirect(w, r, s.PublicURL.ResolveReference(&url.URL{Path: ssoStart, RawQuery: r.URL.RawQuery}).String(), http.StatusFound)
		return
	}
	q := r.URL.Query()
	leave, err := s.SSO.StartSSO(r.Context(), access.From(r.Context()), account.SSOStart{
		Return: q.Get("return"), Link: ids.ID(q.Get("link")), Fresh: q.Has("fresh"),
	})
	if err != nil {
		s.signOnFailed(w, r, err)
		return
	}
	s.browser.set(w, leave.Browser, leave.ExpiresAt)
	redirect(w, leave.URL)
}

func (s *Server) backFromProvider(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	arrival, err := s.SSO.FinishSSO(r.Context(), access.From(r.Context()), account.SSOReturn{
		State: q.Get("state"), Code: q.Get("code"), Issuer: q.Get("iss"), Error: q.Get("error"), Browser: s.browser.read(r),
	})
	s.browser.clear(w)
	if err != nil {
		s.signOnFailed(w, r, err)
		return
	}
	if arrival.Login != nil {
		s.cookie.set(w, arrival.Login.Secret, arrival.Login.ExpiresAt)
	}
	redirect(w, arrival.Return)
}

// signOnFailed sends the browser to the page of the sign-in, with a reason out of a closed list: nothing that the provider
// or the address said is shown to anybody.
func (s *Server) signOnFailed(w http.ResponseWriter, r *http.Request, err error) {
	reason := "internal"
	if f, ok := fault.As(err); ok {
		if text, ok := f.Details[account.Reason].(string); ok {
			reason = text
		} else if f.Code == fault.RateLimited {
			reason = "rate_limited"
		}
	}
	level := slog.LevelInfo
	if reason == "internal" {
		level = slog.LevelError
	}
	s.Log.LogAttrs(r.Context(), level, "http: no sign-in elsewhere", slog.String("ref", w.Header().Get("X-Request-Id")), slog.String("reason", reason), slog.Any("err", err))
	redirect(w, signInPage+"?"+url.Values{"error": {reason}}.Encode())
}

func redirect(w http.ResponseWriter, to string) {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
}
