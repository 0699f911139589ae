package gateway

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
)

func ptr[T any](v T) *T { return &v }

func fine() Input {
	return Input{Model: "gpt-4", Messages: []Message{{System, "Be brief."}, {User, "Hi"}, {Assistant, "Hello"}, {User, "?"}}}
}

func TestBadInputNamesItsArgument(t *testing.T) {
	in := fine()
	require.NoError(t, in.validate())
	in = Input{
		Model: "m", Messages: []Message{{User, "x"}}, MaxTokens: ptr(mostTokens), Temperature: ptr(2.0), TopP: ptr(0.0),
		Stop: []string{"a", "b", "c", "d"}, IdempotencyKey: ptr(strings.Repeat("k", maxKey)),
	}
	require.NoError(t, in.validate())
	for name, c := range map[string]struct {
		field string
		spoil func(*Input)
	}{
		"no model":             {"input.model", func(in *Input) { in.Model = "" }},
		"a long name":          {"input.model", func(in *Input) { in.Model = strings.Repeat("m", 201) }},
		"a name with a space":  {"input.model", func(in *Input) { in.Model = "gpt 4" }},
		"no messages":          {"input.messages", func(in *Input) { in.Messages = nil }},
		"too many messages":    {"input.messages", func(in *Input) { in.Messages = make([]Message, maxMessages+1) }},
		"too much text":        {"input.messages", func(in *Input) { in.Messages[1].Content = strings.Repeat("x", maxText) }},
		"an empty message":     {"input.messages[2].content", func(in *Input) { in.Messages[2].Content = "" }},
		"broken UTF-8":         {"input.messages[1].content", func(in *Input) { in.Messages[1].Content = "a\xff" }},
		"an unknown role":      {"input.messages[0].role", func(in *Input) { in.Messages[0].Role = "TOOL" }},
		"no tokens":            {"input.maxTokens", func(in *Input) { in.MaxTokens = ptr(0) }},
		"negative tokens":      {"input.maxTokens", func(in *Input) { in.MaxTokens = ptr(-1) }},
		"too many tokens":      {"input.maxTokens", func(in *Input) { in.MaxTokens = ptr(math.MaxInt32) }},
		"too hot":              {"input.temperature", func(in *Input) { in.Temperature = ptr(2.1) }},
		"no number":            {"input.temperature", func(in *Input) { in.Temperature = ptr(math.NaN()) }},
		"negative topP":        {"input.topP", func(in *Input) { in.TopP = ptr(-0.1) }},
		"infinite topP":        {"input.topP", func(in *Input) { in.TopP = ptr(math.Inf(1)) }},
		"five stops":           {"input.stop", func(in *Input) { in.Stop = make([]string, 5) }},
		"an empty stop":        {"input.stop[1]", func(in *Input) { in.Stop = []string{"a", ""} }},
		"an empty key":         {"input.idempotencyKey", func(in *Input) { in.IdempotencyKey = ptr("") }},
		"a long key":           {"input.idempotencyKey", func(in *Input) { in.IdempotencyKey = ptr(strings.Repeat("k", maxKey+1)) }},
		"a key of two lines":   {"input.idempotencyKey", func(in *Input) { in.IdempotencyKey = ptr("a\nb") }},
		"a key of broken text": {"input.idempotencyKey", func(in *Input) { in.IdempotencyKey = ptr("\xff") }},
	} {
		t.Run(name, func(t *testing.T) {
			in := fine()
			c.spoil(&in)
			f, ok := fault.As(in.validate())
			require.True(t, ok)
			require.Equal(t, fault.BadUserInput, f.Code)
			require.Equal(t, c.field, f.Field)
		})
	}
}

func TestInputsThatDifferHaveDifferentBytes(t *testing.T) {
	seen := map[string]int{}
	for i, change := range []func(*Input){
		func(*Input) {},
		func(in *Input) { in.Model = "gpt-4o" },
		func(in *Input) { in.Messages[0].Role = User },
		func(in *Input) { in.Messages[0].Content, in.Messages[1].Content = "Be brief.H", "i" },
		func(in *Input) { in.Messages = in.Messages[:3] },
		func(in *Input) { in.MaxTokens = ptr(1) },
		func(in *Input) { in.Temperature = ptr(1.0) },
		func(in *Input) { in.TopP = ptr(1.0) },
		func(in *Input) { in.Stop = []string{"ab"} },
		func(in *Input) { in.Stop = []string{"a", "b"} },
	} {
		in := fine()
		change(&in)
		seen[string(in.canonical())] = i
	}
	require.Len(t, seen, 10)
	one, two := fine(), fine()
	two.IdempotencyKey = ptr("another")
	require.Equal(t, one.canonical(), two.canonical())
}

func TestTheOutputCapIsWhatWasAskedForOrLeavesRoomForThePrompt(t *testing.T) {
	counted := int64(0)
	count := func(n int64) func() int64 { return func() int64 { counted++; return n } }
	for name, c := range map[string]struct {
		reach        reach
		asked, bound int64
		prompt       int64
		limit        int64
		elastic      bool
		counts       int64
	}{
		"the default":                     {reach{}, 0, 100, 0, 4096, true, 0},
		"as asked":                        {reach{}, 9000, 100, 0, 9000, false, 0},
		"advice is not for those who ask": {reach{advised: 1000}, 9000, 100, 0, 9000, false, 0},
		"advice is for those who don't":   {reach{advised: 1000}, 0, 100, 0, 1000, true, 0},
		"no more than any window":         {reach{widest: 8192, narrowest: 8192}, 9000, 100, 0, 8192, false, 0},
		"room enough":                     {reach{widest: 8192, narrowest: 8192}, 0, 4096, 0, 4096, true, 0},
		"room for a long prompt":          {reach{widest: 8192, narrowest: 8192}, 0, 8192, 5500, 8192 - 5500 - 110 - 16, true, 1},
		"room enough by an exact count":   {reach{widest: 8192, narrowest: 8192}, 0, 8192, 2000, 4096, true, 1},
		"none left, which is not ours":    {reach{widest: 8192, narrowest: 8192}, 0, 8192, 9000, smallCap, true, 1},
		"the narrowest window decides":    {reach{widest: 128000, narrowest: 8192}, 0, 8192, 5500, 8192 - 5500 - 110 - 16, true, 1},
		"one unknown window is no reason": {reach{narrowest: 8192}, 9000, 100, 0, 9000, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			counted = 0
			limit, elastic := c.reach.outputCap(c.asked, c.bound, count(c.prompt))
			require.Equal(t, c.limit, limit)
			require.Equal(t, c.elastic, elastic)
			require.Equal(t, c.counts, counted)
		})
	}
}

func TestAReachIsThatOfAllProviders(t *testing.T) {
	var r reach
	r.add(&cost{ContextWindow: 8192, MaxOutput: 4096})
	r.add(&cost{ContextWindow: 128000})
	require.Equal(t, reach{widest: 128000, narrowest: 8192, advised: 4096, some: true}, r)
	r.add(&cost{MaxOutput: 100})
	require.Equal(t, reach{narrowest: 8192, advised: 100, some: true}, r)
	r.add(&cost{ContextWindow: 1000})
	require.Zero(t, r.widest, "unknown stays unknown")
}

func TestNoTokenizerExceedsThePromptBound(t *testing.T) {
	for _, text := range []string{"", "a", "Σφάλμα 🙂", strings.Repeat("\x00\x01", 50), strings.Repeat("word ", 100)} {
		in := Input{Model: "gpt-4o", Messages: []Message{{User, text}, {System, "x" + text}}}
		require.LessOrEqual(t, in.promptTokens(), prompt{bytes: in.textBytes(), messages: 2}.bound("gpt-4o", 0, false))
	}
	require.Equal(t, int64(10), prompt{bytes: 1000, messages: 1}.bound("gpt-4o", 10, false), "nothing above the context window is taken")
	require.Equal(t, int64(1032), prompt{bytes: 1000, messages: 1}.bound("m", 10, true), "several prompts have a window each")
	require.Equal(t, int64(5000), prompt{bytes: 10, open: true}.bound("m", 5000, false), "what has no bound of its own has the window")
	require.Equal(t, 116+provider.ImageTokens("gpt-4o"), prompt{bytes: 100, images: 1}.bound("gpt-4o", 0, false))
}

func TestMoneyIsRoundedUpOnceAndNeverBelowTheMinimum(t *testing.T) {
	p := price{Input: 1, Output: 1, Minimum: 3}
	for _, c := range []struct{ prompt, completion, want int64 }{{0, 0, 3}, {1, 1, 3}, {3_000_000, 1, 4}, {1_500_000, 1_500_000, 3}, {2_000_000, 1_500_000, 4}} {
		got, err := p.charge(c.prompt, 0, 0, c.completion)
		require.NoError(t, err)
		require.Equal(t, money.Credits(c.want), got)
	}
	w := price{Input: 4 * money.One, CacheWrite: 5 * money.One, Output: money.One}
	paid, err := w.charge(1_000_000, 500_000, 100_000, 0)
	require.NoError(t, err)
	require.Equal(t, money.Credits(2*money.One+2*money.One+800_000_000), paid, "half as usual, 0.4 at the price of a cache, 0.1 for an hour at twice the input")
	least, err := w.most(1_000_000, 0, prompt{})
	require.NoError(t, err)
	require.Equal(t, money.Credits(4*money.One), least)
	dearest, err := w.most(1_000_000, 0, prompt{caches: true, longLife: true})
	require.NoError(t, err)
	require.Equal(t, money.Credits(8*money.One), dearest)

	c := cost{Input: 10 * money.One, Cached: money.One, CacheWrite: 12 * money.One, Output: 30 * money.One}
	got, err := c.of(&metered{prompt: 1000, cached: 300, cacheWrite: 200, completion: 100})
	require.NoError(t, err)
	require.Equal(t, money.USD((500*10+300*1+200*12+100*30)*1000), got)
	got, err = c.of(&metered{prompt: 1000, cacheWrite: 200, longWrite: 100})
	require.NoError(t, err)
	require.Equal(t, money.USD((800*10+100*12+100*20)*1000), got, "an hour in the cache costs twice the input")
	most, err := c.most(1000, 100, false)
	require.NoError(t, err)
	require.Equal(t, money.USD((1000*12+100*30)*1000), most, "the prompt in its dearest bucket")
	most, err = c.most(1000, 100, true)
	require.NoError(t, err)
	require.Equal(t, money.USD((1000*20+100*30)*1000), most)
	_, err = c.most(math.MaxInt64, math.MaxInt64, false)
	require.ErrorIs(t, err, money.ErrOverflow)
}

func TestCountsStayWithinWhatWasHeld(t *testing.T) {
	b := bounds{window: 100, output: 10}
	m := b.counted(1000, 1000, metered{breaches: []breach{breachMalformed}})
	require.Equal(t, metered{prompt: 100, completion: 10, estimated: true, breaches: []breach{breachMalformed}}, m)
	m, ok := bounds{output: 10}.believe(&provider.Usage{Prompt: largestWindow + 1, Completion: 11, CachedRead: 5, CacheWrite: largestWindow, Reasoning: 12})
	require.True(t, ok)
	require.Equal(t, metered{
		prompt: largestWindow, completion: 10, cached: 5, cacheWrite: largestWindow - 5, reasoning: 10,
		breaches: []breach{breachPrompt, breachOutput, breachParts},
	}, m)
}

func TestAProviderBacksOffWhenThreeOfItsKeysFail(t *testing.T) {
	b, now := newBreakers(ofProvider), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(d time.Duration) time.Time { return now.Add(d) }
	fails := func(at time.Time, keys ...ids.ID) {
		for _, k := range keys {
			b.failedBy("p", failure{k, "of " + k}, at)
		}
	}
	fails(at(0), "a", "a", "a", "b")
	require.True(t, b.enter("p", "r", at(1)), "two keys are the keys' own trouble")
	b.succeeded("p")
	fails(at(1), "c")
	require.True(t, b.enter("p", "r", at(1)), "a success between them counts")
	fails(at(2), "a")
	fails(at(13*time.Second), "b")
	require.True(t, b.enter("p", "r", at(13*time.Second)), "so does a longer time")
	fails(at(13*time.Second), "a", "c")
	require.True(t, b.enter("q", "r", at(14*time.Second)))
	require.False(t, b.enter("p", "r", at(14*time.Second)))
	until, open := b.open("p", at(14*time.Second))
	require.True(t, open)
	require.Equal(t, at(15*time.Second), until)
	fails(at(14*time.Second), "d")
	require.True(t, b.enter("p", "r", at(15*time.Second)), "a probe")
	require.False(t, b.enter("p", "r", at(15*time.Second)), "one at a time")
	_, open = b.open("p", at(15*time.Second))
	require.True(t, open)
	fails(at(16*time.Second), "a")
	_, open = b.open("p", at(16*time.Second))
	require.True(t, open, "one that began before is no probe")
	b.failedBy("p", failure{"a", "r"}, at(16*time.Second))
	require.False(t, b.enter("p", "r", at(19*time.Second)), "twice as long")
	require.True(t, b.enter("p", "r", at(20*time.Second)))
	b.unclear("p", "another")
	require.False(t, b.enter("p", "r", at(20*time.Second)))
	b.unclear("p", "r")
	require.True(t, b.enter("p", "r", at(20*time.Second)), "a probe that told nothing is followed by another")
	require.False(t, b.enter("p", "r", at(20*time.Second)))
	require.True(t, b.enter("p", "r", at(20*time.Second+probeTakes)), "and so is one that nobody heard of")
	b.succeeded("p")
	require.True(t, b.enter("p", "r", at(time.Minute)))
	require.True(t, b.enter("p", "r", at(time.Minute)))
}

func TestABreakerRestsAMinuteAtMost(t *testing.T) {
	b, now := newBreakers(ofProvider), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, k := range []ids.ID{"a", "b", "c"} {
		b.failedBy("p", failure{k, "of " + k}, now)
	}
	for range 20 {
		until, open := b.open("p", now)
		require.True(t, open)
		require.LessOrEqual(t, until.Sub(now), ofProvider.most)
		now = until
		require.True(t, b.enter("p", "r", now))
		b.failedBy("p", failure{"a", "r"}, now)
	}
}

func TestOneRequestThatEveryKeyFailsAtSaysNothingOfTheProvider(t *testing.T) {
	b, now := newBreakers(ofProvider), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, k := range []ids.ID{"a", "b", "c", "d"} {
		open, _ := b.failedBy("p", failure{k, "one"}, now)
		require.False(t, open)
	}
	open, opened := b.failedBy("p", failure{"a", "another"}, now)
	require.True(t, open)
	require.NotNil(t, opened)
}

func TestAKeyRestsForWhatItIsToldOf(t *testing.T) {
	r, now := newResting(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	a, b := &pool.Key{ID: "a"}, &pool.Key{ID: "b"}
	is := func(want routing.Exclusion, k *pool.Key, model string, at time.Time) {
		t.Helper()
		why, _ := r.of(k, &ask{kind: provider.KindChat, model: model}, at)
		require.Equal(t, want, why)
	}
	is("", a, "m", now)
	r.add(a, "m", routing.WrongModel, now.Add(time.Minute), now)
	is(routing.WrongModel, a, "m", now)
	is("", a, "n", now)
	is("", b, "m", now)
	r.add(a, "", routing.CoolingDown, now.Add(time.Second), now)
	is(routing.CoolingDown, a, "n", now)
	is("", a, "n", now.Add(time.Second))
	is(routing.WrongModel, a, "m", now.Add(time.Second))
	is("", a, "m", now.Add(time.Minute))
	is("", &pool.Key{ID: "a", VerifiedAt: &now}, "m", now)

	require.True(t, r.first(b, "refused", now.Add(time.Minute), now))
	require.False(t, r.first(b, "refused", now.Add(time.Minute), now))
	require.True(t, r.first(b, "depleted", now.Add(time.Minute), now))
	r.add(b, "", routing.NotActive, now.Add(time.Minute), now)
	r.add(b, "", routing.NotActive, now.Add(time.Second), now)
	is(routing.NotActive, b, "m", now.Add(30*time.Second))
	r.shorten("b", now.Add(time.Second))
	is("", b, "m", now.Add(30*time.Second))
	require.True(t, r.first(b, "refused", now.Add(time.Minute), now.Add(2*time.Second)))
	is(routing.WrongModel, a, "m", now.Add(2*time.Second))
}

func TestRestingForgetsWhatIsOver(t *testing.T) {
	r, now := newResting(), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range mostResting + 10 {
		k := &pool.Key{ID: ids.ID(strings.Repeat("x", i%100) + string(rune('a'+i/100)))}
		r.add(k, "", routing.CoolingDown, now.Add(time.Second), now)
	}
	require.LessOrEqual(t, len(r.keys), mostResting)
	r.add(&pool.Key{ID: "new"}, "", routing.CoolingDown, now.Add(time.Minute), now.Add(2*time.Second))
	require.Len(t, r.keys, 1)
}

func TestKeysAreOfferedInWindows(t *testing.T) {
	order := make([]ids.ID, 100)
	for i := range order {
		order[i] = ids.ID(rune('0' + i))
	}
	for n, want := range map[int][]int{0: {0}, 1: {1}, 4: {4}, 5: {4, 1}, 16: {4, 12}, 17: {4, 12, 1}, 100: {4, 12, 48}} {
		var got []int
		var seen []ids.ID
		last := -1
		for upTo, window := range windowed(order[:n]) {
			got = append(got, len(window))
			seen = append(seen, window...)
			last = upTo
		}
		require.Equal(t, want, got, n)
		require.Equal(t, n, last, "the last window says that nothing follows")
		require.Equal(t, order[:len(seen)], append([]ids.ID{}, seen...))
	}
}

func TestAKeyCoolsAsLongAsItIsToldElseLongerEachTime(t *testing.T) {
	require.Equal(t, 37*time.Second, coolFor(37*time.Second, 5))
	require.Equal(t, 2*time.Second, coolFor(0, 0))
	require.Equal(t, 8*time.Second, coolFor(0, 2))
	require.Equal(t, coolMost, coolFor(0, 5))
	require.Equal(t, coolMost, coolFor(0, math.MaxInt64))
}

func TestOneAddressThatIsDownSaysNothingOfAnother(t *testing.T) {
	at := func(id ids.ID, address string) offer {
		return offer{key: &pool.Key{ID: id, Provider: "custom", BaseURL: address}}
	}
	now := time.Unix(0, 0).UTC()
	failed := routing.DeltaOf(routing.Observation{At: now})
	j := &job{
		offers:  []offer{at("here", "https://down.example.org/v1"), at("there", "https://up.example.org/v1")},
		lessons: []lesson{{"here", failed}, {"there", failed}},
	}
	j.pardon(j.offers[0].key.Realm())
	require.Zero(t, j.lessons[0].delta.Failures)
	require.Equal(t, failed, j.lessons[1].delta, "its failure is its own")
}
