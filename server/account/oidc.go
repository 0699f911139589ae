package account

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/limit"
	"github.com/resourcepool/resourcepool/server/origin"
	"github.com/resourcepool/resourcepool/server/sso"
)

// IdentityProvider is sso.Provider: where people sign in elsewhere.
type IdentityProvider interface {
	Issuer() string
	Name() string
	Authorize(ctx context.Context, r sso.Request) (string, error)
	Exchange(ctx context.Context, a sso.Answer) (sso.Person, error)
}

// Reason is the detail of a fault that says why a sign-in elsewhere came to nothing, for the page that people end on. Its
// values are closed: below.
const Reason = "reason"

var (
	errNoSSO       = fault.New(fault.NotFound, "there is no sign-in elsewhere here").With(Reason, "not_offered")
	errSSODown     = fault.New(fault.Overloaded, "the provider of the sign-in can't be reached").With(Reason, "provider_unreachable")
	errSSOOver     = fault.New(fault.BadUserInput, "this sign-in was not begun in this browser, or is over").With(Reason, "expired")
	errSSODenied   = fault.New(fault.Forbidden, "the provider let nobody in").With(Reason, "denied")
	errSSOAnswer   = fault.New(fault.Unauthenticated, "the provider's answer is not good").With(Reason, "bad_answer")
	errSSOEmail    = fault.New(fault.Forbidden, "the provider knows no verified e-mail of yours").With(Reason, "email_unverified")
	errLinkFirst   = fault.New(fault.Conflict, "sign in with your password and link this identity first").With(Reason, "link_first")
	errSSOClosed   = fault.New(fault.Forbidden, "accounts are made by the operator here").With(Reason, "sign_up_closed")
	errSSODeleted  = fault.New(fault.Forbidden, "this account was deleted").With(Reason, "account_deleted")
	errTaken       = fault.New(fault.Conflict, "another account has this identity").With(Reason, "identity_taken")
	errLinkSession = fault.New(fault.Forbidden, "linking was begun in another session, or too long ago").With(Reason, "link_expired")
)

// SSOStart begins a sign-in elsewhere: Return is the page to end on, Link what LinkIdentity began, "" to sign in. Fresh
// has the provider ask anew who is there.
type SSOStart struct {
	Return string
	Link   ids.ID
	Fresh  bool
}

// SSOLeave is where to send the browser. It has to bring Browser back, which no page and no other browser may see.
type SSOLeave struct {
	URL, Browser string
	ExpiresAt    time.Time
}

// SSOReturn is what a browser came back with from the provider. Error is the provider's, which is not shown to anybody.
type SSOReturn struct {
	State, Code, Issuer, Error string
	Browser                    string
}

// SSOArrival is what came of a sign-in elsewhere: the page to end on and a session, none where an identity was linked.
type SSOArrival struct {
	Return string
	Login  *Login
}

// departure is kept while a browser is at the provider.
type departure struct {
	Nonce, Verifier string
	Browser         []byte // hash of what the browser has to bring back
	Return          string
	Fresh           bool
	Link, Session   ids.ID // whose account the identity is for, and who asked; "" to sign in
}

// linkRequest is kept from LinkIdentity until the browser leaves.
type linkRequest struct{ Session ids.ID }

// LinkIdentity begins to link an identity to the actor's account, and returns the ceremony that StartSSO takes in the same
// session. It returns REAUTHENTICATION_REQUIRED, NOT_FOUND where there is no provider, FORBIDDEN for an API token, or
// RATE_LIMITED.
func (s *Service) LinkIdentity(ctx context.Context, actor *access.Actor) (ids.ID, time.Time, error) {
	if s.sso == nil {
		return "", time.Time{}, errNoSSO
	}
	return s.begin(ctx, linking, actor.ID, linkRequest{Session: actor.SessionID})
}

// StartSSO begins a sign-in elsewhere. Its faults carry a Reason, save RATE_LIMITED.
func (s *Service) StartSSO(ctx context.Context, actor *access.Actor, in SSOStart) (SSOLeave, error) {
	if s.sso == nil {
		return SSOLeave{}, errNoSSO
	}
	keep := departure{Return: localPath(in.Return), Fresh: in.Fresh}
	if in.Link != "" {
		if err := s.takeLink(ctx, actor, in.Link); err != nil {
			return SSOLeave{}, err
		}
		keep.Link, keep.Session = actor.ID, actor.SessionID
	}
	var secrets [3]string
	for i := range secrets {
		var err error
		if secrets[i], err = newSessionSecret(s.random); err != nil {
			return SSOLeave{}, err
		}
	}
	keep.Nonce, keep.Verifier = secrets[0], secrets[1]
	browser := hashSecret(secrets[2])
	keep.Browser = browser[:]
	state, expires, err := s.begin(ctx, signingOn, "", keep)
	if err != nil {
		return SSOLeave{}, err
	}
	to, err := s.sso.Authorize(ctx, sso.Request{State: string(state), Nonce: keep.Nonce, Verifier: keep.Verifier, Fresh: in.Fresh})
	if err != nil {
		return SSOLeave{}, ssoFault(err)
	}
	return SSOLeave{URL: to, Browser: secrets[2], ExpiresAt: expires}, nil
}

// takeLink wants the session that LinkIdentity was called in.
func (s *Service) takeLink(ctx context.Context, actor *access.Actor, id ids.ID) error {
	if !actor.SignedIn() || actor.SessionID == "" {
		return errLinkSession
	}
	var begun linkRequest
	if err := s.finish(ctx, linking, id, actor.ID, &begun); errors.Is(err, errNoCeremony) {
		return errLinkSession
	} else if err != nil {
		return err
	}
	if begun.Session != actor.SessionID {
		return errLinkSession
	}
	return nil
}

// FinishSSO takes a browser back: it signs in who the provider says that it is, or links that identity to the account of
// who asked. Its faults carry a Reason, save RATE_LIMITED.
func (s *Service) FinishSSO(ctx context.Context, actor *access.Actor, in SSOReturn) (SSOArrival, error) {
	if s.sso == nil {
		return SSOArrival{}, errNoSSO
	}
	if err := limit.Refusal(s.begun.Take(limit.Network(origin.From(ctx).IP))); err != nil {
		return SSOArrival{}, err
	}
	kept, err := s.takeSignOn(ctx, in)
	if err != nil {
		return SSOArrival{}, err
	}
	if in.Error != "" || in.Code == "" {
		return SSOArrival{}, errSSODenied
	}
	who, err := s.sso.Exchange(ctx, sso.Answer{
		Code: in.Code, Issuer: in.Issuer, Nonce: kept.Nonce, Verifier: kept.Verifier, Fresh: kept.Fresh,
	})
	if err != nil {
		return SSOArrival{}, ssoFault(err)
	}
	if kept.Link != "" {
		return SSOArrival{Return: kept.Return}, s.link(ctx, actor, kept, who)
	}
	login, err := s.signOn(ctx, actor, who)
	if err != nil {
		return SSOArrival{}, err
	}
	return SSOArrival{Return: kept.Return, Login: &login}, nil
}

// takeSignOn wants the browser that left: who makes another's browser come back with an answer of their own would have its
// person act in a stranger's account.
func (s *Service) takeSignOn(ctx context.Context, in SSOReturn) (departure, error) {
	var kept departure
	if err := s.finish(ctx, signingOn, ids.ID(in.State), "", &kept); errors.Is(err, errNoCeremony) {
		return departure{}, errSSOOver
	} else if err != nil {
		return departure{}, err
	}
	hash := sha256.Sum256([]byte(in.Browser))
	if subtle.ConstantTimeCompare(hash[:], kept.Browser) != 1 {
		return departure{}, errSSOOver
	}
	return kept, nil
}

func ssoFault(err error) error {
	switch {
	case errors.Is(err, sso.ErrUnavailable):
		return errSSODown.Because(err)
	case errors.Is(err, sso.ErrRefused):
		return errSSOAnswer.Because(err)
	}
	return err
}

// localPath is a path of this server, "/" for anything that a browser might take for another's address.
func localPath(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.ContainsFunc(path, func(r rune) bool { return r <= ' ' || r == '\\' || r >= 0x7f }) {
		return "/"
	}
	return path
}
