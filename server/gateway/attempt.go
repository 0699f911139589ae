package gateway

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/resourcepool/resourcepool/server/pool"
	"github.com/resourcepool/resourcepool/server/provider"
	"github.com/resourcepool/resourcepool/server/routing"
	"github.com/resourcepool/resourcepool/server/vault"
)

const (
	// keyRests is how long a key that was refused stays out while that is being confirmed and written, unconfirmedRests
	// how long after the provider did not confirm it.
	keyRests         = time.Minute
	unconfirmedRests = 10 * time.Second
	// modelRests is how long a key is not asked for a model that it turned out to lack.
	modelRests = 15 * time.Minute
	// coolFirst and coolMost are for a rate limit that does not say how long it lasts.
	coolFirst = 2 * time.Second
	coolMost  = time.Minute
	// depletedEvery is how often the pool is told of one empty key.
	depletedEvery = 10 * time.Second
	behindTime    = time.Minute
	// choreTime is how long an answer waits for a refused key to be written down as such.
	choreTime = 3 * time.Second
)

// reply is how one attempt ended.
type reply struct {
	result    *provider.ChatResult // what has arrived, of a stream that broke off too; never nil
	failure   *provider.Failure    // nil where finished
	finished  bool                 // the provider's last piece is there
	delivered bool                 // the consumer has some of the text
	text      string               // that the consumer has
	hungUp    bool                 // the consumer left while text was handed out
	latency   time.Duration        // of the provider: what the consumer took to read is not in it
}

func (r *reply) rejected() bool { return r.failure != nil && r.failure.Class == provider.Rejected }

// attempt calls the key that is held. called is false where the key could not be used at all: that is no attempt.
func (g *Gateway) attempt(ctx context.Context, j *job, deliver func(string) bool) (r *reply, called bool) {
	key := j.on.key
	secret, err := g.vault.Key(ctx, key.Ref())
	if err != nil {
		g.unreadable(ctx, j, err)
		return nil, false
	}
	if !g.breakers.enter(breakerOf(key), g.clock.Now()) {
		j.out(routing.BreakerOpen)
		return nil, false
	}
	j.attempts++
	d := delivery{target: key.Target(), key: secret, outputCap: j.limit, reasons: j.on.cost.Reasons}
	began := g.clock.Now()
	if !j.ask.streamed {
		result, failure := j.ask.exchange.whole(ctx, g.upstream, d)
		if failure != nil {
			result = &provider.ChatResult{}
		}
		return &reply{result: result, failure: failure, finished: failure == nil, latency: g.clock.Now().Sub(began)}, true
	}
	return g.relay(ctx, j, d, began, deliver), true
}

// unreadable passes over a key that the vault does not open. Where that will not change by itself it needs a person.
func (g *Gateway) unreadable(ctx context.Context, j *job, err error) {
	key, now := j.on.key, g.clock.Now()
	g.log.ErrorContext(ctx, "gateway: a key can't be read", "resource", key.ID, "err", err)
	j.out(routing.NotActive)
	switch {
	case errors.Is(err, vault.ErrUnreadable):
		if err := g.pool.KeyUnreadable(context.WithoutCancel(ctx), key); err != nil {
			g.log.ErrorContext(ctx, "gateway: a key that can't be read was not suspended", "resource", key.ID, "err", err)
		}
	case !errors.Is(err, vault.ErrDestroyed):
		return // the database, or a client who left
	}
	g.resting.add(key, "", routing.NotActive, now.Add(keyRests), now)
}

// relay hands a stream on as it comes.
func (g *Gateway) relay(ctx context.Context, j *job, d delivery, began time.Time, deliver func(string) bool) *reply {
	r := &reply{result: &provider.ChatResult{}}
	s, f := j.ask.exchange.open(ctx, g.upstream, d)
	if f != nil {
		r.failure, r.latency = f, g.clock.Now().Sub(began)
		return r
	}
	defer s.Close()
	var handed strings.Builder
	var waited time.Duration
	for {
		text, err := s.Next()
		if err != nil {
			r.failure = failureOf(err)
			r.finished = r.failure == nil
			break
		}
		before := g.clock.Now()
		ok := deliver(text)
		waited += g.clock.Now().Sub(before)
		if !ok {
			r.hungUp = true
			break
		}
		r.delivered = true
		handed.WriteString(text)
	}
	s.Close()
	r.text, r.result = handed.String(), s.Result()
	r.latency = g.clock.Now().Sub(began) - waited
	return r
}

// failureOf is nil at the end of a stream that has all of its answer.
func failureOf(err error) *provider.Failure {
	if err == io.EOF {
		return nil
	}
	if f, ok := err.(*provider.Failure); ok { //nolint:errorlint // Next returns it as it is
		return f
	}
	return &provider.Failure{Class: provider.Unreadable, Message: "the stream broke off"}
}

// breakerOf is what backs off as a whole: a provider, or one address of an admin's choice.
func breakerOf(k *pool.Key) string {
	if k.BaseURL == "" {
		return k.Provider
	}
	return k.Provider + " " + k.Host
}

// learn draws the conclusions of an attempt for its key and its provider.
func (g *Gateway) learn(j *job, r *reply, hungUp bool) {
	key, now := j.on.key, g.clock.Now()
	seen := routing.Observation{At: now, Latency: r.latency}
	of := breakerOf(key)
	switch {
	case r.finished:
		seen.OK, seen.OutputTokens = true, g.answerSize(j, r)
		g.breakers.succeeded(of)
	case hungUp || r.failure.Class == provider.Canceled:
		seen.ClientFault = true // says nothing about the key
		g.breakers.unclear(of)
	default:
		g.consequences(j, r.failure, &seen, now)
	}
	j.lessons = append(j.lessons, lesson{key.ID, routing.DeltaOf(seen)})
	if !r.finished {
		j.out(routing.TriedAlready)
	}
}

// answerSize is what the key's speed is measured by: the output as reported, within bounds, else a cheap count.
func (g *Gateway) answerSize(j *job, r *reply) int64 {
	if m, ok := j.bounds().believe(r.result.Usage); ok {
		return m.completion
	}
	return int64(len(r.result.Content)+len(r.result.Reasoning))/4 + 1
}

func (g *Gateway) consequences(j *job, f *provider.Failure, seen *routing.Observation, now time.Time) {
	key, of := j.on.key, breakerOf(j.on.key)
	switch f.Class {
	case provider.ServerFault, provider.Connection, provider.Unreadable, provider.Redirected, provider.Timeout:
		g.breakers.failedBy(of, key.ID, now)
		return
	}
	g.breakers.unclear(of)
	switch f.Class {
	case provider.Rejected:
		seen.ClientFault = true
	case provider.NoModel:
		seen.ClientFault = true
		g.resting.add(key, j.ask.model, routing.WrongModel, now.Add(modelRests), now)
	case provider.RateLimited:
		until := now.Add(coolFor(f.RetryAfter, key.Health.FailuresInARow))
		seen.CoolUntil = &until
		g.resting.add(key, "", routing.CoolingDown, until, now)
	case provider.Empty:
		g.resting.add(key, "", routing.NotActive, now.Add(keyRests), now)
		if g.resting.first(key, "refused", now.Add(keyRests), now) {
			j.chores = append(j.chores, g.behind(func(ctx context.Context) error { return g.pool.ProviderRejected(ctx, key, provider.Empty) }))
		}
	case provider.Dead:
		g.resting.add(key, "", routing.NotActive, now.Add(keyRests), now)
		if g.resting.first(key, "refused", now.Add(keyRests), now) {
			j.chores = append(j.chores, g.behind(func(ctx context.Context) error { return g.confirm(ctx, key) }))
		}
	}
}

// coolFor is how long a key rests after a rate limit: what the provider said, else longer with each failure in a row.
func coolFor(said time.Duration, inARow int64) time.Duration {
	if said > 0 {
		return said
	}
	return min(coolFirst<<min(max(inARow, 0), 10), coolMost)
}

// confirm asks once more whether the provider refuses a key, and only then has it suspended.
func (g *Gateway) confirm(ctx context.Context, key *pool.Key) error {
	secret, err := g.vault.Key(ctx, key.Ref())
	if err != nil {
		return err
	}
	if g.upstream.Confirm(ctx, key.Target(), secret) {
		return g.pool.ProviderRejected(ctx, key, provider.Dead)
	}
	g.resting.shorten(key.ID, g.clock.Now().Add(unconfirmedRests))
	return nil
}

// behind does what is no part of a request. Stopping the server waits for it. What it returns is closed when it is done.
func (g *Gateway) behind(work func(context.Context) error) <-chan struct{} {
	done := make(chan struct{})
	g.inFlight.more()
	go func() {
		defer close(done)
		defer g.inFlight.leave()
		ctx, cancel := context.WithTimeout(context.Background(), behindTime)
		defer cancel()
		if err := work(ctx); err != nil {
			g.log.ErrorContext(ctx, "gateway: what was learnt of a key can't be written", "err", err)
		}
	}()
	return done
}

// await gives what was started meanwhile a moment: who is answered after a key was refused sees it SUSPENDED.
func (j *job) await() {
	if len(j.chores) == 0 {
		return
	}
	enough := time.NewTimer(choreTime)
	defer enough.Stop()
	for _, done := range j.chores {
		select {
		case <-done:
		case <-enough.C:
			return
		}
	}
}
