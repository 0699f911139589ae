package routing

import "time"

// alpha is the weight of the newest observation in a moving average.
const alpha = 0.2

// Health is what was observed of a key. A nil average was never measured.
type Health struct {
	Requests         int64 // attempts that counted, successful or not
	Successes        int64
	AverageLatencyMs *float64 // of a whole request; shown, not scored
	TokenLatencyMs   *float64 // per output token
	SuccessAverage   *float64 // 0..1
	FailuresInARow   int64    // since the last success
	LastFailureAt    *time.Time
	LastUsedAt       *time.Time
	CoolingUntil     *time.Time
}

// Observation is how one attempt on a key ended. What the client did wrong says nothing about the key: of a ClientFault
// only the use counts. Any other end that is not OK is a failure, a rate limit too, and its latency is not averaged: a key
// that refuses at once is not fast.
type Observation struct {
	At           time.Time
	OK           bool
	ClientFault  bool
	Latency      time.Duration // of the whole attempt
	OutputTokens int64
	CoolUntil    *time.Time // after a rate limit
}

// Observe returns h after o.
func Observe(h Health, o Observation) Health { return h.Apply(DeltaOf(o)) }

// Delta is what a series of observations does to the health of a key, whatever that was before: it is how many
// observations reach a row in one statement. The zero value changes nothing, and Then is associative.
//
// A store applies it column by column: counters are added; an average x becomes COALESCE(keep·x + add, first), with the
// three of Average.Terms; failures in a row become Failures, on top of what there was unless FailuresReset; a time becomes
// the greatest of both, NULLs aside.
type Delta struct {
	Requests, Successes            int64
	Latency, TokenLatency, Success Average
	FailuresReset                  bool
	Failures                       int64
	LastFailureAt, LastUsedAt      *time.Time
	CoolingUntil                   *time.Time
}

// Average is what a series of values does to a moving average x: it becomes Keep·x + Add, and First where there was none.
// The zero value changes nothing.
type Average struct {
	Keep, Add, First float64
	N                int64 // how many values; 0: the others mean nothing
}

// DeltaOf is the delta of one observation.
func DeltaOf(o Observation) Delta {
	at := o.At
	d := Delta{LastUsedAt: &at, CoolingUntil: o.CoolUntil}
	switch {
	case o.ClientFault:
	case o.OK:
		d.Requests, d.Successes, d.FailuresReset = 1, 1, true
		ms := float64(max(o.Latency, 0)) / float64(time.Millisecond)
		d.Latency = averageOf(ms, ms)
		if o.OutputTokens > 0 {
			perToken := ms / float64(o.OutputTokens)
			d.TokenLatency = averageOf(perToken, perToken)
		}
		d.Success = averageOf(1, 1)
	default:
		d.Requests, d.Failures, d.LastFailureAt = 1, 1, &at
		d.Success = averageOf(0, 1)
	}
	return d
}

// Pardon is the delta that takes back a failure which turned out to be no fault of the key: but for having been asked once
// more, its health is what it was.
func Pardon() Delta {
	return Delta{FailuresReset: true, Success: Average{Keep: 1 / (1 - alpha), First: 1, N: 1}}
}

// averageOf is one value. start is what stands for the average before the first: the value itself, or, for success, the 1
// that an unmeasured key counts as, so that a first failure lowers it by as much as any other would.
func averageOf(value, start float64) Average {
	return Average{Keep: 1 - alpha, Add: alpha * value, First: (1-alpha)*start + alpha*value, N: 1}
}

// Then is d followed by e.
func (d Delta) Then(e Delta) Delta {
	out := Delta{
		Requests:      d.Requests + e.Requests,
		Successes:     d.Successes + e.Successes,
		Latency:       d.Latency.then(e.Latency),
		TokenLatency:  d.TokenLatency.then(e.TokenLatency),
		Success:       d.Success.then(e.Success),
		FailuresReset: d.FailuresReset || e.FailuresReset,
		Failures:      e.Failures,
		LastFailureAt: latest(d.LastFailureAt, e.LastFailureAt),
		LastUsedAt:    latest(d.LastUsedAt, e.LastUsedAt),
		CoolingUntil:  latest(d.CoolingUntil, e.CoolingUntil),
	}
	if !e.FailuresReset {
		out.Failures += d.Failures
	}
	return out
}

func (a Average) then(b Average) Average {
	switch {
	case a.N == 0:
		return b
	case b.N == 0:
		return a
	}
	return Average{Keep: b.Keep * a.Keep, Add: b.Keep*a.Add + b.Add, First: b.Keep*a.First + b.Add, N: a.N + b.N}
}

// Terms are a for a store: an average x becomes keep·x + add, and first (nil: still none) where there was none.
func (a Average) Terms() (keep, add float64, first *float64) {
	if a.N == 0 {
		return 1, 0, nil
	}
	return a.Keep, a.Add, &a.First
}

// Apply returns h after all that d stands for.
func (h Health) Apply(d Delta) Health {
	if d.FailuresReset {
		h.FailuresInARow = 0
	}
	h.FailuresInARow += d.Failures
	h.Requests += d.Requests
	h.Successes += d.Successes
	h.AverageLatencyMs = d.Latency.apply(h.AverageLatencyMs)
	h.TokenLatencyMs = d.TokenLatency.apply(h.TokenLatencyMs)
	h.SuccessAverage = d.Success.apply(h.SuccessAverage)
	h.LastFailureAt = latest(h.LastFailureAt, d.LastFailureAt)
	h.LastUsedAt = latest(h.LastUsedAt, d.LastUsedAt)
	h.CoolingUntil = latest(h.CoolingUntil, d.CoolingUntil)
	return h
}

func (a Average) apply(x *float64) *float64 {
	keep, add, first := a.Terms()
	if x == nil {
		return first
	}
	next := keep**x + add
	return &next
}

func latest(a, b *time.Time) *time.Time {
	if a == nil || (b != nil && b.After(*a)) {
		return b
	}
	return a
}
