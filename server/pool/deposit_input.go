package pool

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/ledger"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/vault"
)

const (
	maxQuota      = 1_000_000 * money.One // USD on one key
	leastLifetime = 24 * time.Hour
	leastKey      = 8
	maxLabel      = 80  // runes
	maxTerms      = 100 // runes
	maxProgressID = 100
	maxCallerKey  = 200 // bytes of an idempotency key
)

// DepositInput is a key on its way into the pool.
type DepositInput struct {
	Provider       string
	APIKey         vault.Secret
	Quota          money.USD
	Label          *string
	BaseURL        *string // AddPlatformResource alone, where the provider has no address of its own
	ExpiresAt      *time.Time
	Backup         bool // AddPlatformResource alone
	AcceptedTerms  *string
	ProgressID     *string
	IdempotencyKey *string
}

// terms are an input that passed.
type terms struct {
	DepositInput
	platform bool
	target   provider.Target
	key      vault.Secret
	label    string
}

// validate returns every fault of the input, joined: each names its argument.
func (in DepositInput) validate(now time.Time, platform bool) (terms, error) {
	t := terms{DepositInput: in, platform: platform, target: provider.Target{Provider: in.Provider}}
	var errs []error
	refuse := func(field, message string) { errs = append(errs, fault.Invalid("input."+field, "%s", message)) }

	p, known := provider.Lookup(in.Provider)
	switch {
	case !known:
		refuse("provider", "there is no such provider")
	case p.CustomBaseURL && !platform:
		refuse("provider", "only the platform's own keys may have an address of their own")
	}
	errs = append(errs, t.address(p, known))
	key, err := vault.ParseKey("input.apiKey", in.APIKey.Reveal())
	t.key = key
	switch {
	case err != nil:
		errs = append(errs, err)
	case len(key.Reveal()) < leastKey:
		refuse("apiKey", "this is too short for a key")
	}
	switch {
	case in.Quota <= 0:
		refuse("quota", "the quota must be above 0")
	case in.Quota > maxQuota:
		refuse("quota", "the quota of one key can't be above "+money.Format(money.USD(maxQuota))+" USD")
	}
	if in.ExpiresAt != nil && in.ExpiresAt.Before(now.Add(leastLifetime)) {
		refuse("expiresAt", "a key must last for 24 hours at least")
	}
	if in.Backup && !platform {
		refuse("backup", "only the platform's own keys can be backups")
	}
	t.label = p.Name + " key"
	if in.Label != nil && strings.TrimSpace(*in.Label) != "" {
		t.label = strings.TrimSpace(*in.Label)
	}
	if !clean(t.label) || utf8.RuneCountInString(t.label) > maxLabel {
		refuse("label", "a label is plain text of at most 80 characters")
	}
	if in.AcceptedTerms != nil && (!clean(*in.AcceptedTerms) || utf8.RuneCountInString(*in.AcceptedTerms) > maxTerms) {
		refuse("acceptedTerms", "a version of the terms is plain text of at most 100 characters")
	}
	if in.ProgressID != nil && !validProgressID(*in.ProgressID) {
		refuse("progressId", "this is not an id")
	}
	if in.IdempotencyKey != nil && !validCallerKey(*in.IdempotencyKey) {
		refuse("idempotencyKey", "an idempotency key is plain text of 1 to 200 bytes")
	}
	return t, errors.Join(errs...)
}

// address reads where the key is to be sent, which admins alone may choose.
func (t *terms) address(p provider.Provider, known bool) error {
	given := t.BaseURL != nil && *t.BaseURL != ""
	switch {
	case given && !t.platform:
		return fault.Invalid("input.baseUrl", "only the platform's own keys may have an address of their own")
	case !known:
		return nil
	case given && !p.CustomBaseURL:
		return fault.Invalid("input.baseUrl", "this provider has an address of its own")
	case !given && p.CustomBaseURL && t.platform:
		return fault.Invalid("input.baseUrl", "the address is missing")
	case !given:
		return nil
	}
	address, err := p.Address(*t.BaseURL)
	if f, ok := fault.As(err); ok {
		return f.In("input")
	}
	t.target.BaseURL = address
	return err
}

// clean reports whether s is text that can be shown as it stands: valid, without control, format and line characters.
func clean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsGraphic(r) || unicode.In(r, unicode.Zl, unicode.Zp)
	}) < 0
}

func validProgressID(s string) bool { return s != "" && len(s) <= maxProgressID && clean(s) }
func validCallerKey(s string) bool  { return s != "" && len(s) <= maxCallerKey && clean(s) }

// operationKey is the name under which the deposit is done once, nil where the caller gave none. The key itself goes into
// the hash by its fingerprint.
func (s *Service) operationKey(scope string, actor ids.ID, t terms) *ledger.Key {
	if t.IdempotencyKey == nil {
		return nil
	}
	input := map[string]any{
		"provider": t.target.Provider, "baseUrl": t.target.BaseURL, "apiKey": hex.EncodeToString(s.fingerprint(t.target, t.key)),
		"quota": t.Quota, "label": t.label, "expiresAt": t.ExpiresAt, "backup": t.Backup, "acceptedTerms": t.AcceptedTerms,
	}
	canonical, _ := json.Marshal(input) // keys sorted, of plain values: can't fail
	return &ledger.Key{Name: scope + ":" + string(actor) + ":" + *t.IdempotencyKey, InputHash: s.vault.Hash("input", canonical)}
}

func (s *Service) fingerprint(t provider.Target, key vault.Secret) []byte {
	return s.vault.Fingerprint(realm(t), key)
}
