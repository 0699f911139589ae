package simulate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/simulate"
)

const header = "TIMESTAMP,ContextTokens,GeneratedTokens\n"

func TestReadTrace(t *testing.T) {
	got, err := simulate.ReadTrace(strings.NewReader(header +
		"2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:48.6805900,879,55\n2023-11-16 18:15:47,396,109"))
	require.NoError(t, err)
	require.Equal(t, []simulate.Request{
		{Context: 374, Generated: 44}, {At: 319_410 * time.Microsecond, Context: 396, Generated: 109},
		{At: 2 * time.Second, Context: 879, Generated: 55},
	}, got)
}

func TestReadTrace_NamesTheLineAtFault(t *testing.T) {
	tests := map[string]struct{ text, line string }{
		"nothing at all":     {"", "line 1"},
		"another header":     {"a,b,c\n", "line 1"},
		"no requests":        {header, "line 2"},
		"no time":            {header + "2023-11-16 18:15:46,1,1\nyesterday,1,1\n", "line 3"},
		"no number":          {header + "2023-11-16 18:15:46,1,many\n", "line 2"},
		"a negative number":  {header + "2023-11-16 18:15:46,-1,1\n", "line 2"},
		"too many tokens":    {header + "2023-11-16 18:15:46,1,10000001\n", "line 2"},
		"too long ago":       {header + "2023-11-16 18:15:46,1,1\n1023-11-16 18:15:46,1,1\n", "line 3"},
		"a column too few":   {header + "2023-11-16 18:15:46,1\n", "line 2"},
		"a quote left alone": {header + "2023-11-16 18:15:46,1,1\n\"2023,1,1\n", "line 3"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := simulate.ReadTrace(strings.NewReader(tt.text))
			f, ok := fault.As(err)
			require.True(t, ok, err)
			require.Equal(t, fault.BadUserInput, f.Code)
			require.Equal(t, tt.line, f.Field)
		})
	}
}

func TestMerge_LetsTracesRunSideBySide(t *testing.T) {
	a, b := every(3, 2*time.Second), every(2, time.Second)
	for i := range b {
		b[i].At += time.Hour
	}
	var at []time.Duration
	for _, r := range simulate.Merge(a, b) {
		at = append(at, r.At/time.Second)
	}
	require.Equal(t, []time.Duration{0, 0, 1, 2, 4}, at)
}

func TestPace(t *testing.T) {
	q := every(11, time.Second)
	simulate.Pace(q, 22)
	require.Equal(t, 500*time.Millisecond, q[10].At)
	alone := every(1, 0)
	simulate.Pace(alone, 22)
	require.Zero(t, alone[0].At)
}

func TestPoisson(t *testing.T) {
	q := simulate.Poisson(10_000, 5, 1, drawn)
	require.InDelta(t, 2000, q[len(q)-1].At.Seconds(), 60)
	short := 0
	for i := range q[1:] {
		require.GreaterOrEqual(t, q[i+1].At, q[i].At)
		if q[i+1].At-q[i].At < 200*time.Millisecond {
			short++
		}
	}
	require.InDelta(t, 6321, short, 150, "1 − 1/e of the gaps are shorter than their mean")
}

func TestConverse(t *testing.T) {
	q := simulate.Poisson(5000, 5, 1, drawn)
	simulate.Converse(q, 0.7, 1)
	last, continued := map[int]simulate.Request{}, 0
	for _, r := range q {
		before, ok := last[r.Conversation]
		require.Equal(t, ok, r.Prefix > 0)
		if ok {
			continued++
			require.Equal(t, before.Context, r.Prefix, "the prompt before is how this one begins")
			require.GreaterOrEqual(t, r.Context, before.Context+before.Generated)
			require.GreaterOrEqual(t, r.At-before.At, 10*time.Second)
			require.LessOrEqual(t, r.At-before.At, 5*time.Minute)
		}
		last[r.Conversation] = r
	}
	require.InDelta(t, 0.6, float64(continued)/5000, 0.1)

	simulate.Converse(q, 0, 1)
	for i, r := range q {
		require.Equal(t, i, r.Conversation, "each begins one")
		require.Zero(t, r.Prefix)
	}
}
