package routing

import (
	"errors"
	"math"
	"time"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/money"
)

// Settings are the weights and penalties that admins steer routing by.
type Settings struct {
	CostWeight        float64
	PerformanceWeight float64
	ReliabilityWeight float64

	PlatformOwnedFactor float64 // of the platform's own keys, so that contributed ones go first
	LowQuotaFactor      float64 // of keys whose quota is under LowQuotaThreshold
	UsedRecentlyFactor  float64 // of keys used within UsedRecently, which spreads the load over rate limits

	LowQuotaThreshold money.USD
	UsedRecently      time.Duration
}

// weightTolerance is how far the sum of the weights may be from 1: decimal fractions are not exact in binary.
const weightTolerance = 1e-9

// Defaults are the settings of a new pool.
func Defaults() Settings {
	return Settings{
		CostWeight: 0.4, PerformanceWeight: 0.3, ReliabilityWeight: 0.3,
		PlatformOwnedFactor: 0.8, LowQuotaFactor: 0.5, UsedRecentlyFactor: 0.9,
		LowQuotaThreshold: 10 * money.One, UsedRecently: time.Minute,
	}
}

// Validate returns every fault of s, joined: each is a BadUserInput that names the argument of the contract. Decide takes
// only settings that pass.
func (s Settings) Validate() error {
	var errs []error
	refuse := func(bad bool, field, message string) {
		if bad {
			errs = append(errs, fault.Invalid(field, "%s", message))
		}
	}
	// Written as !(in range), so that NaN is refused too.
	const weight, factor = "a weight is between 0 and 1", "a factor is above 0 and at most 1"
	refuse(!(s.CostWeight >= 0 && s.CostWeight <= 1), "costWeight", weight)
	refuse(!(s.PerformanceWeight >= 0 && s.PerformanceWeight <= 1), "performanceWeight", weight)
	refuse(!(s.ReliabilityWeight >= 0 && s.ReliabilityWeight <= 1), "reliabilityWeight", weight)
	if sum := s.CostWeight + s.PerformanceWeight + s.ReliabilityWeight; len(errs) == 0 {
		refuse(math.Abs(sum-1) > weightTolerance, "costWeight", "the three weights add up to 1")
	}
	refuse(!(s.PlatformOwnedFactor > 0 && s.PlatformOwnedFactor <= 1), "platformOwnedFactor", factor)
	refuse(!(s.LowQuotaFactor > 0 && s.LowQuotaFactor <= 1), "lowQuotaFactor", factor)
	refuse(!(s.UsedRecentlyFactor > 0 && s.UsedRecentlyFactor <= 1), "usedRecentlyFactor", factor)
	refuse(s.LowQuotaThreshold < 0, "lowQuotaThreshold", "a threshold can't be negative")
	refuse(s.UsedRecently < 0, "usedRecentlySeconds", "a time span can't be negative")
	return errors.Join(errs...)
}
