package provider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

const (
	verifyCall  = 30 * time.Second // for each call of a test
	verifyChats = 3                // models that are tried for the 1-token chat
	maxModels   = 5000
)

// The steps of a test.
const (
	StepKey     = "KEY"
	StepModels  = "MODELS"
	StepBalance = "BALANCE"
)

// Step is a part of a test that is over. Detail is safe to show.
type Step struct {
	Name    string
	OK      bool
	Detail  string
	Elapsed time.Duration
}

// VerifyOptions are for one test of a key.
type VerifyOptions struct {
	Progress func(Step) // nil: nobody follows
	// CheapestModel chooses the model of the 1-token chat, "" for none; nil: the cheapest by the catalogue.
	CheapestModel func(models []string) string
}

// Verification is what a test found out about a key that passed.
type Verification struct {
	Models  []string   // what the key may call, sorted; where the provider did not tell, the catalogue's
	Balance *money.USD // nil where the provider reports none in USD
	Ceiling *money.USD // the most that the key may spend, where only that is reported: a quota above it is too high, one below is not confirmed
	Account string     // names the provider account behind the key, "" where unknown
}

// Verify tests a key: the models call, then the balance where the provider reports one, else a 1-token chat on the cheapest
// model. A rate limit counts as passed, and so does a model that refuses the chat for reasons of its own.
//
// It returns a KEY_REJECTED; a DECLARED_QUOTA_TOO_HIGH with actualQuota "0" where nothing is left; a PROVIDER_UNREACHABLE;
// a BAD_USER_INPUT for a target that can't be called; or the error of ctx. The comparison with a declared quota is the caller's.
func (c *Client) Verify(ctx context.Context, t Target, k Key, o VerifyOptions) (Verification, error) {
	e, err := c.endpoint(t)
	if err != nil {
		return Verification{}, err
	}
	v := &verifier{c: c, e: e, t: t, k: k, o: o}
	if err := v.models(ctx); err != nil {
		return Verification{}, v.fault(ctx, err)
	}
	if err := v.funds(ctx); err != nil {
		return Verification{}, v.fault(ctx, err)
	}
	return v.out, nil
}

type verifier struct {
	c   *Client
	e   *endpoint
	t   Target
	k   Key
	o   VerifyOptions
	out Verification
	// unproven is set where not even the models call answered, so that only a chat can show that there is a provider.
	unproven bool
}

func (v *verifier) step(name string, since time.Time, ok bool, detail string) {
	if v.o.Progress != nil {
		v.o.Progress(Step{Name: name, OK: ok, Detail: detail, Elapsed: v.c.clock.Now().Sub(since)})
	}
}

// models makes the models call, which proves that the key is accepted.
func (v *verifier) models(ctx context.Context) *Failure {
	began := v.c.clock.Now()
	ctx, cancel := context.WithTimeout(ctx, verifyCall)
	defer cancel()
	names, h, f := v.list(ctx)
	if name := v.e.provider.accountHeader; name != "" && h != nil {
		v.out.Account = strings.TrimSpace(h.Get(name))
	}
	switch {
	case f == nil:
		v.out.Models = names
		v.step(StepKey, began, true, "the provider accepts the key")
		v.step(StepModels, began, true, fmt.Sprintf("the key may call %d models", len(v.out.Models)))
		return nil
	case f.Class == NoModel && f.Status == http.StatusForbidden:
		f = failed(Dead, f.Status, f.cause) // refused the whole list, not one model
	case f.Class == RateLimited, f.Class == NoModel:
		// A limit counts as passed; a provider without this call is judged by the chat.
		v.out.Models = known(v.t.Provider)
		v.unproven = f.Class == NoModel
		v.step(StepKey, began, true, "the provider did not refuse the key")
		v.step(StepModels, began, true, "the provider did not list its models; those of the catalogue are assumed")
		return nil
	}
	v.step(StepKey, began, false, detail(f))
	return f
}

// funds looks for credit: a balance, else the 1-token chat.
func (v *verifier) funds(ctx context.Context) *Failure {
	began := v.c.clock.Now()
	read := funds{}
	if ask := v.e.provider.balance; ask != nil {
		bctx, cancel := context.WithTimeout(ctx, verifyCall)
		got, f := ask(bctx, v.c, v.e, v.k.Reveal())
		cancel()
		switch {
		case f == nil:
			read = got
		case f.Class == RateLimited, f.Class == NoModel && f.Status != http.StatusForbidden, f.Class == Unreadable, f.Class == Rejected:
			// The balance stays unknown; the chat proves that there is credit.
		default:
			v.step(StepBalance, began, false, detail(f))
			return f
		}
	}
	if read.empty {
		f := failed(Empty, 0, nil)
		v.step(StepBalance, began, false, detail(f))
		return f
	}
	v.out.Balance, v.out.Ceiling = read.balance, read.ceiling
	if read.balance != nil {
		v.step(StepBalance, began, true, "the provider reports a balance of "+read.balance.String()+" USD")
		return nil
	}
	if read.proven {
		v.step(StepBalance, began, true, "the provider reports credit, but not in USD")
		return nil
	}
	told, f := v.chat(ctx)
	v.step(StepBalance, began, f == nil, told)
	return f
}

// chat asks for one token. It passes where no model answers for reasons that are the models' own.
func (v *verifier) chat(ctx context.Context) (string, *Failure) {
	left := v.out.Models
	var refused *Failure
	for range verifyChats {
		model := v.cheapest(left)
		if model == "" {
			break
		}
		left = slices.DeleteFunc(slices.Clone(left), func(m string) bool { return m == model })
		cctx, cancel := context.WithTimeout(ctx, 2*verifyCall)
		f := v.token(cctx, model)
		cancel()
		switch {
		case f == nil:
			return "the key answered a call of one token; the provider reports no balance", nil
		case f.Class == RateLimited:
			return "the provider limits the rate of the key, which counts as passed", nil
		case f.Class == Rejected, f.Class == NoModel:
			refused = f
		default:
			return detail(f), f
		}
	}
	if refused != nil && refused.Status == http.StatusForbidden && refused.Class == NoModel {
		f := failed(Dead, refused.Status, nil) // it may list models and call none
		return detail(f), f
	}
	if v.unproven {
		f := failed(Unreadable, 0, nil)
		return detail(f), f
	}
	return "no model could be asked for one token; the key was accepted", nil
}

func (v *verifier) cheapest(models []string) string {
	if v.o.CheapestModel != nil {
		return v.o.CheapestModel(models)
	}
	return Cheapest(v.t.Provider, models)
}

// Cheapest returns which of names that chat costs least by the catalogue; where it knows none of them, the first that looks like a
// model for chats, and "" where there is none.
func Cheapest(provider string, names []string) string {
	best, cost := "", money.USD(-1)
	for _, m := range models() {
		if sum := m.InputCost + m.OutputCost; m.Provider == provider && m.Kind == KindChat && (cost < 0 || sum < cost) && slices.Contains(names, m.Name) {
			best, cost = m.Name, sum
		}
	}
	if best != "" {
		return best
	}
	for _, n := range names {
		if chats(n) {
			return n
		}
	}
	return ""
}

var notChats = []string{"embed", "whisper", "tts", "dall-e", "image", "audio", "realtime", "moderation", "transcribe", "rerank", "ocr", "video", "sora", "davinci", "babbage", "instruct-embed", "flux", "codex"}

func chats(name string) bool {
	name = strings.ToLower(name)
	return !slices.ContainsFunc(notChats, func(s string) bool { return strings.Contains(name, s) })
}

func reasons(provider, model string) bool {
	return slices.ContainsFunc(models(), func(m Model) bool { return m.Provider == provider && m.Name == model && m.Reasons })
}

func known(provider string) []string {
	var out []string
	for _, m := range models() {
		if m.Provider == provider {
			out = append(out, m.Name)
		}
	}
	return out
}

func detail(f *Failure) string {
	if f.Class == Rejected {
		return words[Rejected] // not the provider's words: a test has no caller whose parameter could be wrong
	}
	return f.Message
}

// fault says what f means for a deposit.
func (v *verifier) fault(ctx context.Context, f *Failure) error {
	switch {
	case f.Class == Canceled && ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(f, errBlocked):
		return fault.Invalid("baseUrl", "the address must be a public host").Because(f)
	case f.Class == Dead, f.Status == http.StatusForbidden && f.Class == NoModel:
		return fault.New(fault.KeyRejected, "the provider does not accept the key").Because(f)
	case f.Class == Empty:
		return fault.New(fault.DeclaredQuotaTooHigh, "nothing is left on the key").With("actualQuota", "0").Because(f)
	}
	return fault.New(fault.ProviderUnreachable, "the provider gave no usable answer; try again later").Because(f)
}

// Confirm makes the call that proves a key and reports whether the provider refuses the key for good. Anything but a clear
// refusal, no answer included, is no confirmation.
func (c *Client) Confirm(ctx context.Context, t Target, k Key) bool {
	e, err := c.endpoint(t)
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, verifyCall)
	defer cancel()
	_, f := c.read(ctx, e, k.Reveal(), e.provider.proofCall())
	return f != nil && (f.Class == Dead || (f.Class == NoModel && f.Status == http.StatusForbidden))
}

// proofCall is the call that only an accepted key can make, and that costs nothing.
func (p *Provider) proofCall() string { return cmp.Or(p.proof, "models") }
