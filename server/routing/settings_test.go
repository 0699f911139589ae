package routing_test

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/routing"
)

func TestSettings_TheDefaultsAreValid(t *testing.T) {
	require.NoError(t, routing.Defaults().Validate())
}

func TestSettings_Refused(t *testing.T) {
	tests := map[string]struct {
		change func(*routing.Settings)
		fields []string
	}{
		"weights over 1":        {func(s *routing.Settings) { s.CostWeight = 0.5 }, []string{"costWeight"}},
		"weights just over 1":   {func(s *routing.Settings) { s.CostWeight += 2e-9 }, []string{"costWeight"}},
		"weights just under 1":  {func(s *routing.Settings) { s.ReliabilityWeight -= 2e-9 }, []string{"costWeight"}},
		"a negative weight":     {func(s *routing.Settings) { s.PerformanceWeight, s.CostWeight = -0.1, 0.8 }, []string{"performanceWeight"}},
		"a weight over 1":       {func(s *routing.Settings) { s.ReliabilityWeight = 1.1 }, []string{"reliabilityWeight"}},
		"no number":             {func(s *routing.Settings) { s.CostWeight, s.LowQuotaFactor = math.NaN(), math.NaN() }, []string{"costWeight", "lowQuotaFactor"}},
		"a factor of 0":         {func(s *routing.Settings) { s.PlatformOwnedFactor = 0 }, []string{"platformOwnedFactor"}},
		"a factor over 1":       {func(s *routing.Settings) { s.UsedRecentlyFactor = 1.01 }, []string{"usedRecentlyFactor"}},
		"a negative threshold":  {func(s *routing.Settings) { s.LowQuotaThreshold = -1 }, []string{"lowQuotaThreshold"}},
		"a negative time":       {func(s *routing.Settings) { s.UsedRecently = -1 }, []string{"usedRecentlySeconds"}},
		"all at once, in order": {func(s *routing.Settings) { *s = routing.Settings{LowQuotaThreshold: -1} }, []string{"costWeight", "platformOwnedFactor", "lowQuotaFactor", "usedRecentlyFactor", "lowQuotaThreshold"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := routing.Defaults()
			tt.change(&s)
			var fields []string
			joined := s.Validate().(interface{ Unwrap() []error })
			for _, err := range joined.Unwrap() {
				var f *fault.Error
				require.True(t, errors.As(err, &f))
				assert.Equal(t, fault.BadUserInput, f.Code)
				fields = append(fields, f.Field)
			}
			assert.Equal(t, tt.fields, fields)
		})
	}
}

func TestSettings_Accepted(t *testing.T) {
	s := routing.Defaults()
	s.CostWeight, s.PerformanceWeight, s.ReliabilityWeight = 0.1, 0.2, 0.7 // 0.9999999999999999 in binary
	s.PlatformOwnedFactor, s.LowQuotaFactor, s.UsedRecentlyFactor = 1, 1, 1
	s.LowQuotaThreshold, s.UsedRecently = 0, 0
	require.NoError(t, s.Validate())
	s.CostWeight, s.PerformanceWeight, s.ReliabilityWeight = 1, 0, 0
	require.NoError(t, s.Validate())
}
