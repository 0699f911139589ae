package app

import (
	"net/url"

	"github.com/resourcepool/resourcepool/server/account"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/config"
	"github.com/resourcepool/resourcepool/server/httpd"
	"github.com/resourcepool/resourcepool/server/sso"
)

// singleSignOn is the operator's provider, nil where there is none. It is looked up when somebody wants to sign in.
func singleSignOn(c config.Config, public *url.URL, clk clock.Clock) account.IdentityProvider {
	o := c.OIDC
	if o.Issuer == "" {
		return nil
	}
	return sso.New(sso.Options{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: o.ClientSecret.Reveal(), Name: o.Name, Scopes: o.Scopes,
		Redirect: httpd.SSOCallback(public), Clock: clk,
	})
}
