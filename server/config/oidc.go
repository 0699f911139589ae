package config

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// OIDC is the provider of single sign-on; without an Issuer there is none.
type OIDC struct {
	Issuer       string // as the provider writes it
	ClientID     string
	ClientSecret Secret // empty: a public client
	Name         string // "" for that of the host
	Scopes       []string
}

// consistent finds what is set of a provider and not enough, or to no end.
func (o OIDC) consistent() (errs []error) {
	if o.Issuer != "" && o.ClientID == "" {
		errs = append(errs, errors.New("POOL_OIDC_CLIENT_ID: POOL_OIDC_ISSUER needs it"))
	}
	if o.Issuer == "" && (o.ClientID != "" || !o.ClientSecret.Empty() || o.Name != "") {
		errs = append(errs, errors.New("POOL_OIDC_ISSUER: the other settings of POOL_OIDC_… have no use without it"))
	}
	return errs
}

// oidcIssuer keeps the text as it is: a provider and its tokens repeat it letter by letter.
func oidcIssuer(v string) (string, error) {
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("must be an address such as https://login.example.org/realms/pool, without query and credentials")
	}
	return v, nil
}

func oidcName(v string) (string, error) {
	const most = 40
	if n := utf8.RuneCountInString(v); n > most || strings.ContainsFunc(v, unicode.IsControl) {
		return "", errors.New("must be a line of at most 40 characters")
	}
	return v, nil
}

func oidcScopes(v string) ([]string, error) {
	scopes := strings.Fields(v)
	if !slices.Contains(scopes, "openid") {
		return nil, errors.New("must have openid among them")
	}
	return scopes, nil
}
