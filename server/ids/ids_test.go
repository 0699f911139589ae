package ids_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 123_456_789, time.UTC)

func source(c clock.Clock) *ids.Source { return ids.NewSource(c, rand.NewChaCha8([32]byte{})) }

func TestNew_IsAPrefixAndAUUIDv7(t *testing.T) {
	id := ids.NewSource(clock.NewFake(start), bytes.NewReader(bytes.Repeat([]byte{0xff}, 8))).New(ids.Resource)
	assert.Equal(t, ids.Resource, id.Kind())

	uuid := decode(t, id)
	assert.Equal(t, uint64(start.UnixMilli()), uuid[0]>>16, "48 bits of milliseconds")
	assert.Equal(t, uint64(7), uuid[0]>>12&0xf, "version 7")
	assert.Equal(t, uint64(456_789*4096/1_000_000), uuid[0]&0xfff, "12 bits of a millisecond")
	assert.Equal(t, uint64(0b10), uuid[1]>>62, "the variant")
	assert.Equal(t, uint64(1<<62-1), uuid[1]&(1<<62-1), "all else is random")
}

// decode reads an id's 128 bits back, most significant half first.
func decode(t *testing.T, id ids.ID) (uuid [2]uint64) {
	_, body, ok := strings.Cut(string(id), "_")
	require.True(t, ok)
	require.Len(t, body, 26)
	for _, c := range body {
		digit := strings.IndexRune("0123456789abcdefghjkmnpqrstvwxyz", c)
		require.GreaterOrEqual(t, digit, 0)
		uuid[0] = uuid[0]<<5 | uuid[1]>>59
		uuid[1] = uuid[1]<<5 | uint64(digit)
	}
	return uuid
}

func TestNew_IncreasesWithinATickAndWhenTheClockGoesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := clock.NewFake(start)
		s, last := source(c), ids.ID("")
		for _, step := range rapid.SliceOfN(rapid.Int64Range(-2_000_000, 2_000_000), 1, 50).Draw(t, "steps") {
			c.Advance(time.Duration(step))
			id := s.New(ids.User)
			require.Greater(t, id, last)
			last = id
		}
	})
}

func TestNew_ManyAtOnceAreAllDifferent(t *testing.T) {
	s := source(clock.NewFake(start))
	const people, each = 8, 2000 // more than the 4096 steps of a millisecond
	made := make([][]ids.ID, people)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			for range each {
				made[i] = append(made[i], s.New(ids.Usage))
			}
		})
	}
	wg.Wait()
	all := slices.Concat(made...)
	for _, own := range made {
		require.True(t, slices.IsSorted(own))
	}
	slices.Sort(all)
	require.Len(t, slices.Compact(all), people*each)
}

func TestNew_SortsByTimeAcrossSources(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		offset := rapid.Int64Range(0, int64(100*365*24*time.Hour))
		a, b := start.Add(time.Duration(offset.Draw(t, "a"))), start.Add(time.Duration(offset.Draw(t, "b")))
		idA, idB := source(clock.NewFake(a)).New(ids.Usage), source(clock.NewFake(b)).New(ids.Usage)
		if a.UnixMilli() < b.UnixMilli() {
			require.Less(t, idA, idB)
		}
	})
}

func TestNew_GoesNowhereWithoutRandomness(t *testing.T) {
	for name, r := range map[string]io.Reader{"broken": iotest.ErrReader(errors.New("gone")), "short": bytes.NewReader([]byte{1})} {
		t.Run(name, func(t *testing.T) {
			assert.Panics(t, func() { ids.NewSource(clock.NewFake(start), r).New(ids.User) })
		})
	}
}

func TestFloor_IsBelowWhatIsMadeThenAndAboveWhatWasMadeBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := start.Add(time.Duration(rapid.Int64Range(0, int64(100*365*24*time.Hour)).Draw(t, "at"))).Truncate(time.Millisecond)
		floor := ids.Floor(ids.Usage, at)
		require.LessOrEqual(t, floor, source(clock.NewFake(at)).New(ids.Usage))
		require.Greater(t, floor, source(clock.NewFake(at.Add(-1))).New(ids.Usage))
	})
}

func TestFloor_IsAnId(t *testing.T) {
	floor := ids.Floor(ids.Usage, start)
	got, err := ids.Parse("from", string(floor), ids.Usage)
	require.NoError(t, err)
	assert.Equal(t, floor, got)
}

func TestParse_ReadsWhatASourceMakes(t *testing.T) {
	s := ids.System()
	for _, kind := range []ids.Kind{ids.User, ids.Session, ids.Token, ids.Resource, ids.Usage, ids.Hold, ids.Server,
		ids.Batch, ids.Model, ids.Completion, ids.Alert, ids.Audit, ids.Request} {
		id := s.New(kind)
		got, err := ids.Parse("id", string(id), ids.User, kind)
		require.NoError(t, err)
		assert.Equal(t, id, got)
	}
}

func TestParse_Refused(t *testing.T) {
	good := string(source(clock.NewFake(start)).New(ids.Resource))
	body := strings.TrimPrefix(good, "res_")
	tests := map[string]string{
		"nothing":                          "",
		"no prefix":                        body,
		"another kind":                     "usr_" + body,
		"no body":                          "res_",
		"too short":                        good[:len(good)-1],
		"too long":                         good + "0",
		"capitals":                         "res_" + strings.ToUpper(body),
		"a letter that looks like a digit": "res_" + body[:25] + "l",
		"one in the middle":                "res_" + body[:12] + "u" + body[13:],
		"not ASCII":                        "res_" + body[:24] + "é",
		"a second part":                    "res_" + body[:21] + "_" + body[:4],
		"a space":                          " " + good,
		"a NUL":                            "res_" + body[:25] + "\x00",
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			id, err := ids.Parse("input.id", text, ids.Resource)
			f, ok := fault.As(err)
			require.True(t, ok)
			assert.Equal(t, fault.BadUserInput, f.Code)
			assert.Equal(t, "input.id", f.Field)
			assert.Empty(t, id)
		})
	}
	_, err := ids.Parse("id", good)
	require.Error(t, err, "no kind, no id")
}

func TestKind_OfWhatIsNone(t *testing.T) {
	assert.Equal(t, ids.Kind(""), ids.ID("").Kind())
	assert.Equal(t, ids.Kind(""), ids.ID("platform").Kind())
}
