// Package config is the one struct of settings, read from the environment before anything starts.
//
// A bad value is an error that names its variable and what is wrong with it, all bad ones at once; a POOL_ variable that
// nobody reads is a warning, for it is likely a typing error. Secrets are redacted wherever the struct is printed, and no
// message repeats the value of one. Imports: checkpoint, clock, database, keyservice, mail, money.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/resourcepool/resourcepool/server/mail"
	"github.com/resourcepool/resourcepool/server/money"
)

// Signup says who may make an account.
type Signup string

// The ways of POOL_SIGNUP.
const (
	SignupOpen   Signup = "open"
	SignupInvite Signup = "invite"
	SignupClosed Signup = "closed"
)

// Config is everything that can be set.
type Config struct {
	Listen         string         // host:port of the public server
	MetricsListen  string         // host:port of Prometheus and pprof, "" for none
	PublicURL      *url.URL       // the address people use; nil: where the program listens, see Public
	Origins        []string       // further browser origins, each "scheme://host[:port]"
	TrustedProxies []netip.Prefix // whose X-Forwarded-For counts

	DatabaseURL        Secret // empty: a private cluster
	MigrateDatabaseURL Secret // the same as DatabaseURL where it was not set
	DataDir            string
	masterKey          Secret // see MasterKey
	masterKeyFile      string // likewise
	masterKeyURL       string // see KeyService
	masterKeyTokenFile string
	newMasterKey       Secret // see NewMasterKey
	signingKey         Secret // see SigningKey
	checkpoints        Secret // see Checkpoints

	AdminEmail    string // "" for no first admin
	AdminPassword Secret
	Signup        Signup
	SMTP          *mail.Server // nil: no mail is sent
	VerifyEmail   bool         // an e-mail counts once it is verified
	// AdminSecondFactor has admins act as such only where they signed in with a second factor.
	AdminSecondFactor bool
	SignupsPerHour    int // of one address, 0 for any number
	// Requests a minute of one person and of one token, and what their documents may cost; 0 for any number.
	RateLimitRPM, TokenRateLimitRPM, QueryCostPerMinute int

	// First values of the settings; afterwards the database has them.
	PriceMarkup           int64 // 10⁻⁹
	DepositFee            int64 // 10⁻⁹
	UnconfirmedTrustLimit money.USD

	OIDC OIDC // the provider of single sign-on

	ProviderURLs map[string]string // where a provider is reached instead of at its own address
}

// Load reads the settings from environ, as os.Environ gives them. The error joins what is wrong with each.
func Load(environ []string) (Config, []string, error) {
	given := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		given[name] = strings.TrimSpace(value)
	}
	var c Config
	var errs []error
	for _, s := range settings {
		value := given[s.Name]
		if value == "" {
			value = s.Default
		}
		if value == "" {
			continue
		}
		if err := s.set(&c, value); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, err))
		}
	}
	if c.MigrateDatabaseURL.Empty() {
		c.MigrateDatabaseURL = c.DatabaseURL
	}
	if given["POOL_VERIFY_EMAIL"] == "" {
		c.VerifyEmail = c.SMTP != nil
	}
	errs = append(errs, c.consistent(given)...)
	return c, unknown(given), errors.Join(errs...)
}

// consistent finds settings that are fine alone and not together.
func (c Config) consistent(given map[string]string) (errs []error) {
	if given["DATABASE_URL"] == "" && given["MIGRATE_DATABASE_URL"] != "" {
		errs = append(errs, errors.New("MIGRATE_DATABASE_URL: has no use without DATABASE_URL"))
	}
	if err := oneMasterKey(given); err != nil {
		errs = append(errs, err)
	}
	if (c.AdminEmail == "") != c.AdminPassword.Empty() {
		errs = append(errs, errors.New("POOL_ADMIN_EMAIL: the first admin needs both POOL_ADMIN_EMAIL and POOL_ADMIN_PASSWORD"))
	}
	if c.VerifyEmail && c.SMTP == nil {
		errs = append(errs, errors.New("POOL_VERIFY_EMAIL: nobody can verify an e-mail without POOL_SMTP_URL"))
	}
	if _, port, err := net.SplitHostPort(c.MetricsListen); err == nil && c.MetricsListen == c.Listen && port != "0" {
		errs = append(errs, errors.New("POOL_METRICS_LISTEN: must not be the public address of POOL_LISTEN"))
	}
	return append(errs, c.OIDC.consistent()...)
}

// Serves says what a server lacks to run with these settings. Other commands, such as an auditor's, need no master key.
func (c Config) Serves() error {
	if !c.DatabaseURL.Empty() && c.masterKey.Empty() && c.masterKeyFile == "" && c.masterKeyURL == "" {
		return errors.New("POOL_MASTER_KEY: required with DATABASE_URL (or POOL_MASTER_KEY_FILE, or POOL_MASTER_KEY_URL), for the keys in a shared database must outlive this machine; make one with: openssl rand -base64 32")
	}
	return nil
}

// unknown warns about what looks like a setting and is none.
func unknown(given map[string]string) (warnings []string) {
	for name := range given {
		known := slices.ContainsFunc(settings, func(s Setting) bool { return s.Name == name })
		ours := strings.HasPrefix(name, "POOL_") && !strings.HasPrefix(name, "POOL_TEST_") && !strings.HasPrefix(name, "POOL_E2E_")
		if ours && !known {
			warnings = append(warnings, name+" is set, but this version has no such setting")
		}
	}
	slices.Sort(warnings)
	return warnings
}

// Public is the address that people use of a server that listens at addr.
func (c Config) Public(addr net.Addr) *url.URL {
	if c.PublicURL != nil {
		u := *c.PublicURL
		return &u
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return &url.URL{Scheme: "http", Host: addr.String()}
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
}

// Loopback reports whether Listen can be reached from this machine alone.
func (c Config) Loopback() bool {
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Local is where this machine reaches a server that listens at Listen.
func (c Config) Local() string {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return c.Listen
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
