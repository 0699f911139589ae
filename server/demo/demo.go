package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/sandbox"
)

// Password is that of all people of the demo but the admin.
const Password = "demo-password"

// Options are what the demo runs on.
type Options struct {
	URL                       string // of the server
	AdminEmail, AdminPassword string
	Out                       io.Writer
	Log                       *slog.Logger
	Rand                      *rand.Rand
	PerSecond                 float64 // requests, on average
}

// person is somebody of the demo.
type person struct {
	name  string
	key   string    // of the sandbox; "" for who only consumes
	quota money.USD // of the key
	funds string    // Credits that the admin grants at first, "" for none
}

var people = []person{
	{name: "Bob", key: "sk-demo-bob-4f1c09d2a7", quota: 1000 * money.One},
	{name: "Alice", key: "sk-demo-alice-93be71c05d", quota: 50 * money.One, funds: "50"},
	{name: "Tom", funds: "50"},
	{name: "David", funds: "50"},
	{name: "Support Bot", funds: "500"},
	{name: "Night Batch", funds: "500"},
}

// platformKey is a key that the admin brings.
type platformKey struct {
	provider, key, label string
	quota                money.USD
	backup               bool
}

var platformKeys = []platformKey{
	{provider: "openai", key: "sk-demo-admin-0d6a5e83fb", label: "Backup", quota: 5000 * money.One, backup: true},
	{provider: "anthropic", key: "sk-ant-demo-5b2c7e90af13", label: "Claude", quota: 500 * money.One},
	{provider: "gemini", key: "AIza-demo-8d41f6c2be07", label: "Gemini", quota: 500 * money.One},
}

// Run sets the demo up, prints where it is and who can sign in, and sends requests until ctx ends.
func Run(ctx context.Context, o Options) error {
	d := &demo{Options: o}
	if err := d.setUp(ctx); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	d.print()
	return d.traffic(ctx)
}

type demo struct {
	Options
	admin     *client
	consumers []*client
}

// Keys makes the demo's keys known to a sandbox.
func Keys(s *sandbox.Server) error {
	var errs []error
	for _, k := range platformKeys {
		errs = append(errs, s.AddKey(sandbox.KeySpec{Key: k.key, Quota: k.quota, Organization: "org-admin-" + k.provider}))
	}
	for _, p := range people {
		if p.key != "" {
			errs = append(errs, s.AddKey(sandbox.KeySpec{Key: p.key, Quota: p.quota, Organization: "org-" + p.name}))
		}
	}
	return errors.Join(errs...)
}

// setUp makes people, keys and prices. Run again on the same data, it finds them there.
func (d *demo) setUp(ctx context.Context) (err error) {
	if d.admin, err = d.signIn(ctx, d.AdminEmail, d.AdminPassword); err != nil {
		return fmt.Errorf("sign in the admin: %w", err)
	}
	if err := d.price(ctx); err != nil {
		return fmt.Errorf("set the price of gpt-4: %w", err)
	}
	const platform = `mutation($i: DepositInput!) { addPlatformResource(input: $i) { id } }`
	for _, k := range platformKeys {
		err = d.admin.do(ctx, platform, vars{"i": vars{"provider": k.provider, "apiKey": k.key, "quota": money.Format(k.quota), "label": k.label, "backup": k.backup}}, nil)
		if ignore(err, "KEY_ALREADY_DEPOSITED") != nil {
			return fmt.Errorf("add the key %s: %w", k.label, err)
		}
	}
	for _, p := range people {
		c, err := d.join(ctx, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		d.consumers = append(d.consumers, c)
	}
	return nil
}

func (d *demo) price(ctx context.Context) error {
	const set = `mutation($i: SetModelPriceInput!) { setModelPrice(input: $i) { id } }`
	return d.admin.do(ctx, set, vars{"i": vars{
		"model": "gpt-4", "provider": "openai", "inputCostPerMillion": "10", "outputCostPerMillion": "30",
		"inputPricePerMillion": "0", "outputPricePerMillion": "10000",
	}}, nil)
}

// join signs a person up or in, deposits their key, and grants what they begin with.
func (d *demo) join(ctx context.Context, p person) (*client, error) {
	const signUp = `mutation($i: SignUpInput!) { signUp(input: $i) { viewer { id } } }`
	c, err := newClient(d.URL)
	if err != nil {
		return nil, err
	}
	var made struct {
		SignUp struct{ Viewer struct{ ID string } }
	}
	err = c.do(ctx, signUp, vars{"i": vars{"email": email(p.name), "password": Password, "displayName": p.name}}, &made)
	if ignore(err, "CONFLICT") != nil {
		return nil, err
	}
	if err != nil {
		return d.signIn(ctx, email(p.name), Password)
	}
	c.id = made.SignUp.Viewer.ID
	if p.funds != "" {
		if err := d.grant(ctx, c, p.funds, "welcome "+c.id); err != nil {
			return nil, err
		}
	}
	if p.key == "" {
		return c, nil
	}
	const deposit = `mutation($i: DepositInput!) { deposit(input: $i) { fee } }`
	err = c.do(ctx, deposit, vars{"i": vars{
		"provider": "openai", "apiKey": p.key, "quota": money.Format(p.quota), "label": p.name + "'s key", "acceptedTerms": "demo",
	}}, nil)
	return c, ignore(err, "KEY_ALREADY_DEPOSITED")
}

func (d *demo) grant(ctx context.Context, to *client, credits, key string) error {
	const grant = `mutation($u: ID!, $a: Credits!, $k: String) { grantCredits(userId: $u, amount: $a, memo: "For the demo", idempotencyKey: $k) { seq } }`
	return d.admin.do(ctx, grant, vars{"u": to.id, "a": credits, "k": key}, nil)
}

func (d *demo) signIn(ctx context.Context, mail, password string) (*client, error) {
	const signIn = `mutation($i: SignInInput!) { signIn(input: $i) { viewer { id } } }`
	c, err := newClient(d.URL)
	if err != nil {
		return nil, err
	}
	var in struct {
		SignIn struct{ Viewer struct{ ID string } }
	}
	err = c.do(ctx, signIn, vars{"i": vars{"email": mail, "password": password}}, &in)
	c.id = in.SignIn.Viewer.ID
	return c, err
}

func (d *demo) print() {
	_, _ = fmt.Fprintf(d.Out, `
Resource Pool, demo
  page       %[1]s
  GraphiQL   %[1]s/graphiql
  admin      %[2]s  %[3]s
`, d.URL, d.AdminEmail, d.AdminPassword)
	for _, p := range people {
		_, _ = fmt.Fprintf(d.Out, "  %-10s %s  %s\n", p.name, email(p.name), Password)
	}
	_, _ = fmt.Fprintln(d.Out, "\nEvery key is a sandbox's: no provider is called and nothing is billed. Ctrl-C stops it; the data stays.")
}

func email(name string) string {
	out := make([]rune, 0, len(name))
	for _, r := range name {
		switch {
		case r >= 'A' && r <= 'Z':
			out = append(out, r+'a'-'A')
		case r == ' ':
			out = append(out, '.')
		default:
			out = append(out, r)
		}
	}
	return string(out) + "@example.com"
}

// ignore drops the refusal with this code.
func ignore(err error, code string) error {
	var r *refusal
	if errors.As(err, &r) && r.Code == code {
		return nil
	}
	return err
}

// pause is how long until the next request: they come like strangers do, at random.
func (d *demo) pause() time.Duration {
	return time.Duration(d.Rand.ExpFloat64() / d.PerSecond * float64(time.Second))
}
