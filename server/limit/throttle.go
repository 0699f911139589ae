package limit

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
)

// Hasher is the vault's keyed hash.
type Hasher interface {
	Hash(purpose string, b []byte) []byte
}

// Rule says how often something may be done by one who does it.
type Rule struct {
	Name  string
	Burst int // so often at once
	// Wait is how long one waits then, and twice as long after each further time, up to Forget, which is how long it takes
	// until one time is forgotten. Where they are equal it is a bucket that gets one more every Wait.
	Wait, Forget time.Duration
}

// Of is who a rule is about: an account, an address, or both.
func (r Rule) Of(who ...string) Count { return Count{rule: r, who: strings.Join(who, "\x00")} }

// Count is what is counted under one key.
type Count struct {
	rule Rule
	who  string
}

// Throttle counts attempts in Postgres. It is safe for concurrent use, and so are several on one database.
type Throttle struct {
	store  store
	hasher Hasher
	clock  clock.Clock
}

// NewThrottle returns a throttle.
func NewThrottle(db DB, h Hasher, c clock.Clock) *Throttle {
	return &Throttle{store: store{db}, hasher: h, clock: c}
}

// Check refuses with RATE_LIMITED what Take would refuse now, and counts nothing.
func (t *Throttle) Check(ctx context.Context, counts ...Count) error {
	wait, err := t.store.wait(ctx, t.clock.Now(), t.attempts(counts))
	if err != nil {
		return err
	}
	return Refusal(wait)
}

// Take counts an attempt under each of the counts, or under none where one of them is refused: then it is RATE_LIMITED with
// retryAfterSeconds.
func (t *Throttle) Take(ctx context.Context, counts ...Count) (Taken, error) {
	now, asked := t.clock.Now(), t.attempts(counts)
	taken, err := t.store.take(ctx, now, asked)
	if err != nil {
		return Taken{}, err
	}
	out := Taken{t, taken}
	if len(taken) == len(asked) {
		return out, nil
	}
	// Refused. Some may have been counted, where another attempt came between.
	if err := out.GiveBack(ctx); err != nil {
		return Taken{}, err
	}
	wait, err := t.store.wait(ctx, now, asked)
	if err != nil {
		return Taken{}, err
	}
	return Taken{}, Refusal(max(wait, time.Second)) // of one that was given back since
}

// Taken is an attempt that was counted.
type Taken struct {
	throttle *Throttle
	attempts []attempt
}

// GiveBack undoes it: the attempt was none of those that are counted. It is done although the caller has left.
func (t Taken) GiveBack(ctx context.Context) error {
	if len(t.attempts) == 0 {
		return nil
	}
	return t.throttle.store.giveBack(context.WithoutCancel(ctx), t.attempts)
}

// attempt is a count as the table has it.
type attempt struct {
	key    string
	rule   Rule
	openAt string // as Postgres writes it: until when this attempt had the key refused
}

// attempts are in the order of their keys, in which they are locked.
func (t *Throttle) attempts(counts []Count) []attempt {
	out := make([]attempt, len(counts))
	for i, c := range counts {
		out[i] = attempt{key: hashed(t.hasher, c.rule.Name, c.who), rule: c.rule}
	}
	slices.SortFunc(out, func(a, b attempt) int { return strings.Compare(a.key, b.key) })
	return out
}

// hashed is the key of the table: what a rule is about is not to be read in it.
func hashed(h Hasher, name, who string) string {
	return name + ":" + base64.RawURLEncoding.EncodeToString(h.Hash("limit "+name, []byte(who))[:18])
}
