package config

import (
	"encoding/base64"
	"errors"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/resourcepool/resourcepool/server/checkpoint"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/database"
	"github.com/resourcepool/resourcepool/server/keyservice"
	"github.com/resourcepool/resourcepool/server/mail"
	"github.com/resourcepool/resourcepool/server/money"
)

// Setting is one environment variable, for --help.
type Setting struct {
	Name    string
	Default string
	Meaning string

	set func(*Config, string) error
}

// Settings lists the variables in the order in which a newcomer meets them.
func Settings() []Setting { return settings }

var settings = []Setting{
	{"POOL_LISTEN", "127.0.0.1:8080", "where to listen", func(c *Config, v string) (err error) { c.Listen, err = address(v); return }},
	{"POOL_PUBLIC_URL", "", "the address people use: own origin, Host check, Secure cookies; default from POOL_LISTEN", func(c *Config, v string) (err error) { c.PublicURL, err = origin(v); return }},
	{"POOL_ORIGINS", "", "further allowed browser origins, separated by commas", func(c *Config, v string) (err error) { c.Origins, err = each(v, originText); return }},
	{"POOL_TRUSTED_PROXIES", "", "addresses and networks whose X-Forwarded-For counts, separated by commas", func(c *Config, v string) (err error) { c.TrustedProxies, err = each(v, network); return }},
	{"POOL_METRICS_LISTEN", "", "where Prometheus and pprof listen; off by default", func(c *Config, v string) (err error) { c.MetricsListen, err = address(v); return }},
	{"POOL_DATA_DIR", "./data", "the folder for what the program keeps itself", func(c *Config, v string) error { c.DataDir = v; return nil }},
	{"DATABASE_URL", "", "Postgres; unset: a private one under POOL_DATA_DIR", func(c *Config, v string) (err error) { c.DatabaseURL, err = postgresURL(v); return }},
	{"MIGRATE_DATABASE_URL", "", "the owner's role, for migrations; unset: the same as DATABASE_URL", func(c *Config, v string) (err error) { c.MigrateDatabaseURL, err = postgresURL(v); return }},
	{"POOL_MASTER_KEY", "", "base64 of 32 bytes; a server with DATABASE_URL requires it, otherwise made once in POOL_DATA_DIR", func(c *Config, v string) (err error) { c.masterKey, err = masterKey(v); return }},
	{"POOL_MASTER_KEY_FILE", "", "a file with the master key, which nobody else can read, instead of POOL_MASTER_KEY", func(c *Config, v string) error { c.masterKeyFile = v; return nil }},
	{"POOL_MASTER_KEY_URL", "", "a key of a transit engine of HashiCorp Vault or OpenBao that wraps the master key, https://vault:8200/v1/transit/keys/NAME, instead of POOL_MASTER_KEY: the database keeps it wrapped", func(c *Config, v string) (err error) { c.masterKeyURL, err = transitKey(v); return }},
	{"POOL_MASTER_KEY_TOKEN_FILE", "", "a file with the token for POOL_MASTER_KEY_URL, read at each use", func(c *Config, v string) error { c.masterKeyTokenFile = v; return nil }},
	{"POOL_NEW_MASTER_KEY", "", "what `rotate-master-key` rotates to, base64 of 32 bytes; no other command reads it", func(c *Config, v string) (err error) { c.newMasterKey, err = masterKey(v); return }},
	{"POOL_SIGNING_KEY", "", "the note signer key of the ledger's checkpoints, PRIVATE+KEY+…, the same for all servers of a database; unset: made once in POOL_DATA_DIR", func(c *Config, v string) (err error) { c.signingKey, err = signingKey(v); return }},
	{"POOL_CHECKPOINTS", "", "where checkpoints of the ledger are kept, one place for all servers of a database: a folder or s3://KEY:SECRET@host/bucket/prefix?region=…; unset: checkpoints in POOL_DATA_DIR", func(c *Config, v string) (err error) { c.checkpoints, err = checkpoints(v); return }},
	{"POOL_ADMIN_EMAIL", "", "the first admin, made at the first start", func(c *Config, v string) (err error) { c.AdminEmail, err = email(v); return }},
	{"POOL_ADMIN_PASSWORD", "", "the first admin's password", func(c *Config, v string) error { c.AdminPassword = NewSecret(v); return nil }},
	{"POOL_SIGNUP", "open", "who may make an account: open, invite or closed", func(c *Config, v string) (err error) { c.Signup, err = signup(v); return }},
	{"POOL_SMTP_URL", "", "the mail server that verifications, password resets and notices go through: smtp://user:password@host:587?from=pool@example.org, or smtps://…; unset: no mail is sent", func(c *Config, v string) (err error) { c.SMTP, err = smtp(v); return }},
	{"POOL_VERIFY_EMAIL", "", "on: who has not verified their e-mail signs in and reads, and does no more; default: on where POOL_SMTP_URL is set", func(c *Config, v string) (err error) { c.VerifyEmail, err = onOff(v); return }},
	{"POOL_ADMIN_SECOND_FACTOR", "off", "on: admins act as such only where they signed in with a second factor", func(c *Config, v string) (err error) { c.AdminSecondFactor, err = onOff(v); return }},
	{"POOL_OIDC_ISSUER", "", "the provider of single sign-on (OpenID Connect), as its discovery document names it; register POOL_PUBLIC_URL/auth/oidc/callback there", func(c *Config, v string) (err error) { c.OIDC.Issuer, err = oidcIssuer(v); return }},
	{"POOL_OIDC_CLIENT_ID", "", "what the provider knows this pool by", func(c *Config, v string) error { c.OIDC.ClientID = v; return nil }},
	{"POOL_OIDC_CLIENT_SECRET", "", "the secret of that client; unset: a public client", func(c *Config, v string) error { c.OIDC.ClientSecret = NewSecret(v); return nil }},
	{"POOL_OIDC_NAME", "", "what the button says; unset: the provider's host", func(c *Config, v string) (err error) { c.OIDC.Name, err = oidcName(v); return }},
	{"POOL_OIDC_SCOPES", "openid email profile", "what the provider is asked for, separated by spaces", func(c *Config, v string) (err error) { c.OIDC.Scopes, err = oidcScopes(v); return }},
	{"POOL_RATE_LIMIT_RPM", "6000", "requests a minute of one person, or of one address where nobody is signed in; 0: any number", func(c *Config, v string) (err error) { c.RateLimitRPM, err = limit(v); return }},
	{"POOL_TOKEN_RATE_LIMIT_RPM", "0", "requests a minute of one API token, within those of its owner; 0: as many as theirs", func(c *Config, v string) (err error) { c.TokenRateLimitRPM, err = limit(v); return }},
	{"POOL_QUERY_COST_PER_MINUTE", "500000", "what the GraphQL documents of one person may cost a minute, 10000 the largest; 0: anything", func(c *Config, v string) (err error) { c.QueryCostPerMinute, err = limit(v); return }},
	{"POOL_SIGNUPS_PER_HOUR", "60", "new accounts an hour of one address; 0: any number", func(c *Config, v string) (err error) { c.SignupsPerHour, err = limit(v); return }},
	{"POOL_PRICE_MARKUP", "1.2", "first value of the factor from cost to price", func(c *Config, v string) (err error) { c.PriceMarkup, err = rate(v, 1000*money.One); return }},
	{"POOL_DEPOSIT_FEE", "0.10", "first value of the deposit fee", func(c *Config, v string) (err error) { c.DepositFee, err = rate(v, money.One-1); return }},
	{"POOL_UNCONFIRMED_TRUST_LIMIT", "1000", "first value of the Credits at once for quota that no provider confirms", func(c *Config, v string) (err error) { c.UnconfirmedTrustLimit, err = amount(v); return }},
	{"POOL_PROVIDER_URLS", "", "where providers are reached instead of at their own addresses: openai=https://…/v1,…", func(c *Config, v string) (err error) { c.ProviderURLs, err = providerURLs(v); return }},
}

func address(v string) (string, error) {
	_, port, err := net.SplitHostPort(v)
	if err != nil {
		return "", errors.New("must be of the form host:port, such as 127.0.0.1:8080")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", errors.New("the port must be a number up to 65535")
	}
	return v, nil
}

var errOrigin = errors.New("must be an address such as https://pool.example.org, without path, query and credentials")

func origin(v string) (*url.URL, error) {
	u, err := url.Parse(v)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errOrigin
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}

func originText(v string) (string, error) {
	u, err := origin(v)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func network(v string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(v); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(v)
	if err != nil {
		return netip.Prefix{}, errors.New("must be addresses or networks such as 10.0.0.0/8, separated by commas")
	}
	return p.Masked(), nil
}

func each[T any](v string, parse func(string) (T, error)) (list []T, err error) {
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		one, err := parse(part)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

func postgresURL(v string) (Secret, error) {
	if !strings.HasPrefix(v, "postgres://") && !strings.HasPrefix(v, "postgresql://") {
		return Secret{}, errors.New("must begin with postgres://")
	}
	return NewSecret(v), database.Check(v)
}

const masterKeySize = 32

// masterKey keeps the key in one of base64's spellings, so that two spellings of one key are one key.
func masterKey(v string) (Secret, error) {
	v = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(v), "=")
	raw, err := base64.RawStdEncoding.DecodeString(v)
	if err != nil {
		return Secret{}, errors.New("must be base64; make one with: openssl rand -base64 32")
	}
	if len(raw) != masterKeySize {
		return Secret{}, errors.New("must be base64 of exactly 32 bytes; make one with: openssl rand -base64 32")
	}
	return NewSecret(string(raw)), nil
}

func transitKey(v string) (string, error) {
	_, err := keyservice.NewTransit(v, "")
	return v, err
}

func signingKey(v string) (Secret, error) {
	_, err := checkpoint.ParseKey(v)
	return NewSecret(v), err
}

func checkpoints(v string) (Secret, error) {
	_, err := checkpoint.OpenPlace(v, clock.System)
	return NewSecret(v), err
}

func email(v string) (string, error) {
	a, err := netmail.ParseAddress(v)
	if err != nil || a.Address != v {
		return "", errors.New("must be an e-mail address")
	}
	return v, nil
}

func signup(v string) (Signup, error) {
	switch s := Signup(v); s {
	case SignupOpen, SignupInvite, SignupClosed:
		return s, nil
	}
	return "", errors.New("must be open, invite or closed")
}

func smtp(v string) (*mail.Server, error) { return mail.ParseURL(v) }

func onOff(v string) (bool, error) {
	switch v {
	case "on":
		return true, nil
	case "off":
		return false, nil
	}
	return false, errors.New("must be on or off")
}

func limit(v string) (int, error) {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return 0, errors.New("must be a whole number, 0 for no limit")
	}
	return int(n), nil
}

// rate reads a factor in 10⁻⁹.
func rate(v string, most int64) (int64, error) {
	r, err := money.Parse[money.Credits](v)
	if err != nil {
		return 0, errors.New("must be a plain decimal number such as 0.10")
	}
	if r < 0 || int64(r) > most {
		return 0, errors.New("must be between 0 and " + money.Format(money.Credits(most)))
	}
	return int64(r), nil
}

func amount(v string) (money.USD, error) {
	a, err := money.Parse[money.USD](v)
	if err != nil || a < 0 {
		return 0, errors.New("must be an amount of US dollars such as 1000, not negative")
	}
	return a, nil
}

func providerURLs(v string) (map[string]string, error) {
	urls := map[string]string{}
	for part := range strings.SplitSeq(v, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, raw, ok := strings.Cut(part, "=")
		name, raw = strings.TrimSpace(name), strings.TrimRight(strings.TrimSpace(raw), "/")
		u, err := url.Parse(raw)
		if !ok || name == "" || err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return nil, errors.New("must be of the form openai=https://host/v1,…, without credentials and query")
		}
		if _, twice := urls[name]; twice {
			return nil, errors.New("names " + strconv.Quote(name) + " twice")
		}
		urls[name] = raw
	}
	return urls, nil
}
