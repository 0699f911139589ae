package pool

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/resourcepool/resourcepool/ent"
	"github.com/resourcepool/resourcepool/server/access"
	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/routing"
)

// Defaults are the first values of the settings; afterwards the database has them. Rates are in 10⁻⁹.
type Defaults struct {
	DepositFeeRate        int64
	UnconfirmedTrustLimit money.USD
	ClawbackGraceHours    int64
	PriceMarkup           int64
	Routing               routing.Settings
}

// StandardDefaults are the first values where the operator names no others.
func StandardDefaults() Defaults {
	return Defaults{
		DepositFeeRate: money.One / 10, UnconfirmedTrustLimit: 1000 * money.One, ClawbackGraceHours: 72,
		PriceMarkup: 12 * money.One / 10, Routing: routing.Defaults(),
	}
}

// Validate returns every fault of d, joined: each names the setting.
func (d Defaults) Validate() error { return validSettings(d.row()) }

func (d Defaults) row() *ent.Setting {
	return &ent.Setting{
		DepositFeeRate: d.DepositFeeRate, UnconfirmedTrustLimit: d.UnconfirmedTrustLimit,
		ClawbackGraceHours: d.ClawbackGraceHours, PriceMarkup: d.PriceMarkup,
		CostWeight: d.Routing.CostWeight, PerformanceWeight: d.Routing.PerformanceWeight, ReliabilityWeight: d.Routing.ReliabilityWeight,
		PlatformOwnedFactor: d.Routing.PlatformOwnedFactor, LowQuotaFactor: d.Routing.LowQuotaFactor,
		LowQuotaThreshold: d.Routing.LowQuotaThreshold, UsedRecentlyFactor: d.Routing.UsedRecentlyFactor,
		UsedRecentlySeconds: int64(d.Routing.UsedRecently / time.Second),
	}
}

// SettingsPatch is what an admin changes; what is nil stays.
type SettingsPatch struct {
	DepositFeeRate        *float64
	UnconfirmedTrustLimit *money.USD
	ClawbackGraceHours    *int
	PriceMarkup           *float64
	CostWeight            *float64
	PerformanceWeight     *float64
	ReliabilityWeight     *float64
	PlatformOwnedFactor   *float64
	LowQuotaFactor        *float64
	LowQuotaThreshold     *money.USD
	UsedRecentlyFactor    *float64
	UsedRecentlySeconds   *int
}

// SettingsDeps are what a SettingsStore is made of. None may be missing.
type SettingsDeps struct {
	Ent    *ent.Client
	Policy *access.Policy
	Clock  clock.Clock
	IDs    *ids.Source
}

// SettingsStore has the settings that are in force on all servers. It is safe for concurrent use.
type SettingsStore struct {
	ent    *ent.Client
	policy *access.Policy
	clock  clock.Clock
	ids    *ids.Source
	now    *remembered[*ent.Setting]
}

// settingsAge is how old the settings may be that a server goes by, even where nobody tells it of a change.
const settingsAge = time.Second

// NewSettings returns the settings, and writes their first values where there are none: of several servers that start at
// once, one does.
func NewSettings(ctx context.Context, d SettingsDeps, first Defaults) (*SettingsStore, error) {
	if err := first.Validate(); err != nil {
		return nil, err
	}
	s := &SettingsStore{ent: d.Ent, policy: d.Policy, clock: d.Clock, ids: d.IDs}
	s.now = remember(d.Clock, settingsAge, s.load)
	if err := s.found(ctx, first.row()); err != nil {
		return nil, err
	}
	return s, nil
}

// Current returns the settings in force, at most a second old. The row is shared and may not be changed.
func (s *SettingsStore) Current(ctx context.Context) (*ent.Setting, error) { return s.now.get(ctx) }

// Routing returns the part of the settings that routing goes by.
func (s *SettingsStore) Routing(ctx context.Context) (routing.Settings, error) {
	row, err := s.Current(ctx)
	if err != nil {
		return routing.Settings{}, err
	}
	return RoutingSettings(row), nil
}

// Invalidate says that another server changed the settings.
func (s *SettingsStore) Invalidate() { s.now.forget() }

// Update changes settings, audited, and tells all servers. It returns every fault of the result, each with the name of its
// argument ("input.costWeight"), FORBIDDEN or UNAUTHENTICATED.
func (s *SettingsStore) Update(ctx context.Context, actor *access.Actor, p SettingsPatch) (*ent.Setting, error) {
	if err := s.policy.Check(actor, "call", "Mutation.updateSettings", ""); err != nil {
		return nil, err
	}
	row, err := s.update(ctx, actor.ID, p)
	s.now.forget() // whatever the outcome: that of a COMMIT may be unknown
	return row, err
}

// RoutingSettings is the part of the settings that routing goes by.
func RoutingSettings(s *ent.Setting) routing.Settings {
	return routing.Settings{
		CostWeight: s.CostWeight, PerformanceWeight: s.PerformanceWeight, ReliabilityWeight: s.ReliabilityWeight,
		PlatformOwnedFactor: s.PlatformOwnedFactor, LowQuotaFactor: s.LowQuotaFactor, UsedRecentlyFactor: s.UsedRecentlyFactor,
		LowQuotaThreshold: s.LowQuotaThreshold, UsedRecently: time.Duration(s.UsedRecentlySeconds) * time.Second,
	}
}

// merge puts the patch onto a copy of the row, and returns what changes, by name, for the audit log.
func (p SettingsPatch) merge(old *ent.Setting) (row *ent.Setting, changed map[string]any, err error) {
	c := *old
	changed = map[string]any{}
	var errs []error
	errs = append(errs,
		patchRate(changed, "depositFeeRate", &c.DepositFeeRate, p.DepositFeeRate),
		patchRate(changed, "priceMarkup", &c.PriceMarkup, p.PriceMarkup))
	patch(changed, "unconfirmedTrustLimit", &c.UnconfirmedTrustLimit, p.UnconfirmedTrustLimit)
	patch(changed, "clawbackGraceHours", &c.ClawbackGraceHours, wide(p.ClawbackGraceHours))
	patch(changed, "costWeight", &c.CostWeight, p.CostWeight)
	patch(changed, "performanceWeight", &c.PerformanceWeight, p.PerformanceWeight)
	patch(changed, "reliabilityWeight", &c.ReliabilityWeight, p.ReliabilityWeight)
	patch(changed, "platformOwnedFactor", &c.PlatformOwnedFactor, p.PlatformOwnedFactor)
	patch(changed, "lowQuotaFactor", &c.LowQuotaFactor, p.LowQuotaFactor)
	patch(changed, "lowQuotaThreshold", &c.LowQuotaThreshold, p.LowQuotaThreshold)
	patch(changed, "usedRecentlyFactor", &c.UsedRecentlyFactor, p.UsedRecentlyFactor)
	patch(changed, "usedRecentlySeconds", &c.UsedRecentlySeconds, wide(p.UsedRecentlySeconds))
	errs = append(errs, validSettings(&c))
	return &c, changed, inputFaults(errors.Join(errs...))
}

func patch[T comparable](changed map[string]any, name string, to *T, value *T) {
	if value == nil || *value == *to {
		return
	}
	changed[name] = map[string]any{"from": *to, "to": *value}
	*to = *value
}

// patchRate takes a rate, written as a decimal, in 10⁻⁹.
func patchRate(changed map[string]any, name string, to *int64, value *float64) error {
	if value == nil {
		return nil
	}
	rate, err := money.FromFloat[money.USD](*value)
	if exact, _ := strconv.ParseFloat(money.Format(rate), 64); err != nil || exact != *value {
		return fault.Invalid(name, "a rate is a number of at least 0, with at most 9 fraction digits")
	}
	exact := int64(rate)
	patch(changed, name, to, &exact)
	return nil
}

func wide(n *int) *int64 {
	if n == nil {
		return nil
	}
	w := int64(*n)
	return &w
}

const (
	mostMarkup  = 1000 * money.One
	mostGrace   = 24 * 365 // hours
	mostRecent  = 24 * 60 * 60
	mostTrusted = 1_000_000_000 * money.One
)

func validSettings(s *ent.Setting) error {
	var errs []error
	refuse := func(bad bool, field, message string) {
		if bad {
			errs = append(errs, fault.Invalid(field, "%s", message))
		}
	}
	refuse(s.DepositFeeRate < 0 || s.DepositFeeRate >= money.One, "depositFeeRate", "a fee rate is at least 0 and below 1")
	refuse(s.UnconfirmedTrustLimit < 0 || s.UnconfirmedTrustLimit > mostTrusted, "unconfirmedTrustLimit", "a limit is between 0 and a billion")
	refuse(s.ClawbackGraceHours < 0 || s.ClawbackGraceHours > mostGrace, "clawbackGraceHours", "a grace period is between 0 hours and a year")
	refuse(s.PriceMarkup <= 0 || s.PriceMarkup > mostMarkup, "priceMarkup", "a markup is above 0 and at most 1000")
	refuse(s.LowQuotaThreshold > mostTrusted, "lowQuotaThreshold", "a threshold is at most a billion")
	refuse(s.UsedRecentlySeconds > mostRecent, "usedRecentlySeconds", "a time span is at most a day")
	return errors.Join(append(errs, RoutingSettings(s).Validate())...)
}

// inputFaults puts every fault of err under the argument input.
func inputFaults(err error) error {
	switch e := err.(type) { //nolint:errorlint // the tree is taken apart node by node
	case nil:
		return nil
	case *fault.Error:
		return e.In("input")
	case interface{ Unwrap() []error }:
		var out []error
		for _, inner := range e.Unwrap() {
			out = append(out, inputFaults(inner))
		}
		return errors.Join(out...)
	}
	return err
}
