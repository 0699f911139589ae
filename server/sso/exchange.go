package sso

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Answer is what a browser came back with, and the secrets of the request that it left with. Issuer is the one that the
// answer names, "" where it names none.
type Answer struct {
	Code, Issuer    string
	Nonce, Verifier string
	Fresh           bool
}

// Person is who the provider says that it was.
type Person struct {
	Issuer, Subject string
	Email           string // as the provider has it, "" where it tells none
	EmailVerified   bool
	Name            string
	MultiFactor     bool      // more than one factor was asked for
	AuthenticatedAt time.Time // zero where the provider does not say
}

// claims are those of an ID token or of the userinfo endpoint that are read here.
type claims struct {
	Email             string     `json:"email"`
	EmailVerified     looseBool  `json:"email_verified"`
	Name              string     `json:"name"`
	PreferredUsername string     `json:"preferred_username"`
	AuthorizedParty   string     `json:"azp"`
	Methods           []string   `json:"amr"`
	AuthTime          epochClaim `json:"auth_time"`
}

// Exchange spends the code of an answer and returns who signed in. It returns ErrRefused for anything that the provider
// does not vouch for in every part, ErrUnavailable while it can't be reached.
func (p *Provider) Exchange(ctx context.Context, a Answer) (Person, error) {
	if a.Issuer != "" && a.Issuer != p.options.Issuer { // RFC 9207
		return Person{}, fmt.Errorf("%w: it is from another issuer", ErrRefused)
	}
	k, err := p.lookUp(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = p.with(ctx)
	token, err := k.oauth.Exchange(ctx, a.Code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Person{}, failed("exchange a code", err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Person{}, fmt.Errorf("%w: it has no ID token", ErrRefused)
	}
	id, err := k.verifier.Verify(ctx, raw)
	if err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return Person{}, fmt.Errorf("%w: the token is for another request", ErrRefused)
	}
	var says claims
	if err := id.Claims(&says); err != nil {
		return Person{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if err := p.accept(id, says, a.Fresh); err != nil {
		return Person{}, err
	}
	who := Person{
		Issuer: p.options.Issuer, Subject: id.Subject,
		MultiFactor: slices.Contains(says.Methods, "mfa"), AuthenticatedAt: time.Time(says.AuthTime),
	}
	if says.Email == "" && k.provider.UserInfoEndpoint() != "" {
		if says, err = k.userInfo(ctx, token, id.Subject); err != nil {
			return Person{}, err
		}
	}
	who.Email, who.EmailVerified, who.Name = says.Email, bool(says.EmailVerified), says.Name
	if who.Name == "" {
		who.Name = says.PreferredUsername
	}
	return who, nil
}

// accept is what the library leaves to its caller.
func (p *Provider) accept(id *oidc.IDToken, says claims, fresh bool) error {
	switch {
	case id.Subject == "":
		return fmt.Errorf("%w: the token names nobody", ErrRefused)
	case len(id.Audience) > 1 && says.AuthorizedParty == "", says.AuthorizedParty != "" && says.AuthorizedParty != p.options.ClientID:
		return fmt.Errorf("%w: the token was issued to another client", ErrRefused)
	case fresh && time.Time(says.AuthTime).IsZero():
		return fmt.Errorf("%w: the token does not say when the person signed in", ErrRefused)
	}
	return nil
}

// userInfo asks for what the token does not have. An answer about somebody else is none.
func (k *known) userInfo(ctx context.Context, token *oauth2.Token, subject string) (claims, error) {
	info, err := k.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return claims{}, failed("ask for a person", err)
	}
	if info.Subject != subject {
		return claims{}, fmt.Errorf("%w: the answer is about somebody else", ErrRefused)
	}
	var says claims
	if err := info.Claims(&says); err != nil {
		return claims{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return says, nil
}

// failed tells a provider that refuses from one that is down. What it answered stays out of the error: it may repeat what
// it was sent.
func failed(what string, err error) error {
	var lost *url.Error
	if errors.As(err, &lost) {
		return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, lost)
	}
	var answer *oauth2.RetrieveError
	if !errors.As(err, &answer) || answer.Response == nil {
		return fmt.Errorf("%w: %s", ErrRefused, what)
	}
	kind := ErrRefused
	if status := answer.Response.StatusCode; status >= http.StatusInternalServerError || status == http.StatusTooManyRequests {
		kind = ErrUnavailable
	}
	return fmt.Errorf("%w: %s: %s %.60q", kind, what, answer.Response.Status, answer.ErrorCode)
}
