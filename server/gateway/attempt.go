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
	result    *provider.Answer  // what has arrived, of a stream that broke off too; never nil
	failure   *provider.Failure // nil where finished
	finished  bool              // the provider's last piece is there
	delivered bool              // the consumer has some of it
	text      string            // that the consumer has
	other     string            // what else the consumer has, of what is counted as output
	events    []byte            // all that the consumer has, as it is recorded
	hungUp    bool              // the consumer left while text was handed out
	latency   time.Duration     // of the provider: what the consumer took to read is not in it
}

func (r *reply) rejected() bool { return r.failure != nil && r.failure.Class == provider.Rejected }

// attempt calls the key that is held. called is false where the key could not be used at all: that is no attempt.
func (g *Gateway) attempt(ctx context.Context, j *job, deliver deliver) (r *reply, called bool) {
	key := j.on.key
	secret, err := g.vault.Key(ctx, key.Ref(), vault.ForRequest)
	if err != nil {
		g.unreadable(ctx, j, err)
		return nil, false
	}
	if !g.enter(j) {
		j.out(routing.BreakerOpen)
		return nil, false
	}
	j.attempts++
	call := j.ask.request(delivery{
		target: key.Target(), key: secret, outputCap: j.limit, reasons: j.on.cost.Reasons, id: answerID(j.ask.kind, j.usageID), created: j.began.Unix(),
	})
	began := g.clock.Now()
	if !j.ask.streamed {
		result, failure := g.upstream.Ask(ctx, call)
		if failure != nil && failure.Class == provider.Unsupported {
			g.unsupported(j, failure)
			return nil, false
		}
		if failure != nil {
			result = &provider.Answer{}
		}
		return &reply{result: result, failure: failure, finished: failure == nil, latency: g.clock.Now().Sub(began)}, true
	}
	if r = g.relay(ctx, j, call, began, deliver); r.failure != nil && r.failure.Class == provider.Unsupported {
		g.unsupported(j, r.failure)
		return nil, false
	}
	return r, true
}

// unsupported passes over a key whose provider can't be asked this: nothing was sent.
func (g *Gateway) unsupported(j *job, f *provider.Failure) {
	j.attempts--
	if j.failure == nil {
		j.failure = f
	}
	g.unclear(j)
	j.out(routing.Unsupported)
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
		return // the database, a client who left, or a master key that this server lacks: nothing is wrong with the key
	}
	g.resting.add(key, "", routing.NotActive, now.Add(keyRests), now)
}

// relay hands a stream on as it comes.
func (g *Gateway) relay(ctx context.Context, j *job, call *provider.Request, began time.Time, deliver deliver) *reply {
	r := &reply{result: &provider.Answer{}}
	s, f := g.upstream.Stream(ctx, call)
	if f != nil {
		r.failure, r.latency = f, g.clock.Now().Sub(began)
		return r
	}
	defer s.Close()
	var text, other strings.Builder
	var waited time.Duration
	for {
		piece, err := s.Next()
		if err != nil {
			r.failure = failureOf(err)
			r.finished = r.failure == nil
			break
		}
		if !j.ask.relayed && piece.Text == "" {
			continue
		}
		before := g.clock.Now()
		ok := deliver(piece)
		waited += g.clock.Now().Sub(before)
		if !ok {
			r.hungUp = true
			break
		}
		r.delivered = true
		text.WriteString(piece.Text)
		if j.ask.relayed {
			other.WriteString(piece.Other)
			r.record(j, piece)
		}
	}
	s.Close()
	r.text, r.other, r.result = text.String(), other.String(), s.Answer()
	r.latency = g.clock.Now().Sub(began) - waited
	return r
}

// mostRecorded is how much of a streamed answer is kept for its idempotency key; a repetition of a longer one is refused.
const mostRecorded = 4 << 20

// record keeps a piece for repetitions.
func (r *reply) record(j *job, p provider.Piece) {
	if j.ask.key != nil && len(r.events) <= mostRecorded {
		r.events = AppendEvent(r.events, p.Event, p.Data)
	}
}

// AppendEvent appends a server-sent event.
func AppendEvent(b []byte, name string, data []byte) []byte {
	if name != "" {
		b = append(append(append(b, "event: "...), name...), '\n')
	}
	from := len(b) + len("data: ")
	b = append(append(b, "data: "...), data...)
	for i := from; i < len(b); i++ {
		if b[i] == '\n' || b[i] == '\r' { // JSON has them between its parts alone, where they are as good as spaces
			b[i] = ' '
		}
	}
	return append(b, "\n\n"...)
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

// enter asks both breakers before a call.
func (g *Gateway) enter(j *job) bool {
	now, k := g.clock.Now(), j.on.key
	if !g.breakers.enter(k.Realm(), j.usageID, now) {
		return false
	}
	if !g.circuits.enter(circuitOf(k, j.ask.place()), j.usageID, now) {
		g.breakers.unclear(k.Realm(), j.usageID)
		return false
	}
	return true
}

// unclear tells both breakers of a call that says nothing about its key.
func (g *Gateway) unclear(j *job) {
	g.breakers.unclear(j.on.key.Realm(), j.usageID)
	g.circuits.unclear(circuitOf(j.on.key, j.ask.place()), j.usageID)
}

// circuitOf names a key at a place: a model at an endpoint.
func circuitOf(k *pool.Key, place string) string { return string(k.ID) + " " + place }

// learn draws the conclusions of an attempt for its key and its provider.
func (g *Gateway) learn(j *job, r *reply, hungUp bool) {
	key, now := j.on.key, g.clock.Now()
	seen := routing.Observation{At: now, Latency: r.latency}
	g.loads.told(key.ID, j.ask.model, r.result.Limits, now)
	switch {
	case r.finished:
		seen.OK, seen.OutputTokens = true, g.answerSize(j, r)
		g.succeeded(j, key, now)
	case hungUp || r.failure.Class == provider.Canceled:
		seen.ClientFault = true // says nothing about the key
		g.unclear(j)
	default:
		g.consequences(j, r.failure, &seen, now)
	}
	j.failure = r.failure
	j.lessons = append(j.lessons, lesson{key.ID, routing.DeltaOf(seen)})
	if !r.finished {
		j.out(routing.TriedAlready)
	}
}

// succeeded closes the breakers that a call went through, here and for the other servers.
func (g *Gateway) succeeded(j *job, key *pool.Key, now time.Time) {
	g.threads.went(j.ask.thread, key.ID, now)
	if g.breakers.succeeded(key.Realm()) {
		j.rest(pool.ProviderSubject(key), "", routing.BreakerOpen, now, 0)
	}
	if g.circuits.succeeded(circuitOf(key, j.ask.place())) {
		j.rest(string(key.ID), j.ask.place(), routing.BackingOff, now, 0)
	}
}

// rest tells the other servers that a key, or a provider as a whole, is left alone until then; the past ends that.
func (j *job) rest(subject, model string, why routing.Exclusion, until time.Time, failures int64) {
	j.rests = append(j.rests, pool.Rest{Subject: subject, Model: model, Why: why, Until: until, Failures: failures})
}

// answerSize is what the key's speed is measured by: the output as reported, within bounds, else a cheap count.
func (g *Gateway) answerSize(j *job, r *reply) int64 {
	if m, ok := j.bounds().believe(r.result.Usage); ok {
		return m.completion
	}
	content, other := r.result.Text()
	return int64(len(content)+len(other))/4 + 1
}

func (g *Gateway) consequences(j *job, f *provider.Failure, seen *routing.Observation, now time.Time) {
	key, model := j.on.key, j.ask.model
	switch f.Class {
	case provider.ServerFault, provider.Connection, provider.Unreadable, provider.Redirected, provider.Timeout:
		g.faulted(j, seen, now)
		return
	}
	g.unclear(j)
	switch f.Class {
	case provider.Rejected, provider.Oversized, provider.Overlong:
		seen.ClientFault = true
	case provider.NoModel:
		seen.ClientFault = true
		until := now.Add(modelRests)
		g.resting.add(key, j.ask.place(), routing.WrongModel, until, now)
		j.rest(string(key.ID), j.ask.place(), routing.WrongModel, until, 1)
	case provider.RateLimited:
		until := now.Add(coolFor(f.RetryAfter, key.Health.FailuresInARow))
		g.resting.add(key, model, routing.CoolingDown, until, now)
		j.rest(string(key.ID), model, routing.CoolingDown, until, 1)
		g.loads.crowded(key.ID, model, now)
	case provider.Empty, provider.Dead:
		g.resting.add(key, "", routing.NotActive, now.Add(keyRests), now)
		if g.resting.first(key, "refused", now.Add(keyRests), now) {
			j.chores = append(j.chores, g.behind(func(ctx context.Context) error { return g.refused(ctx, key, f.Class) }))
		}
	}
}

// faulted tells the breakers of a fault that is the provider's or the way's to it. Where the provider as a whole fails, no
// key is blamed.
func (g *Gateway) faulted(j *job, seen *routing.Observation, now time.Time) {
	key, place := j.on.key, j.ask.place()
	open, opened := g.breakers.failedBy(key.Realm(), failure{key.ID, j.usageID}, now)
	if opened != nil {
		j.rest(pool.ProviderSubject(key), "", routing.BreakerOpen, opened.until, opened.times)
		for _, other := range opened.before {
			j.lessons = append(j.lessons, lesson{other, routing.Pardon()})
		}
	}
	if open {
		seen.ClientFault = true
		g.circuits.unclear(circuitOf(key, place), j.usageID)
		j.pardon(key.Realm())
		return
	}
	if _, opened := g.circuits.failedBy(circuitOf(key, place), failure{j.usageID, j.usageID}, now); opened != nil {
		j.rest(string(key.ID), place, routing.BackingOff, opened.until, opened.times)
	}
}

// pardon takes back what attempts of this request said of other keys of a realm that turned out to fail as a whole.
func (j *job) pardon(of string) {
	for i := range j.lessons {
		l := &j.lessons[i]
		if o := j.offer(l.resource); l.delta.Failures > 0 && o != nil && o.key.Realm() == of && l.delta.LastUsedAt != nil {
			l.delta = routing.DeltaOf(routing.Observation{At: *l.delta.LastUsedAt, ClientFault: true})
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

// refused has a key suspended that is empty. Of one that is said to be dead it asks once more whether the provider refuses it.
func (g *Gateway) refused(ctx context.Context, key *pool.Key, class provider.Class) error {
	if class == provider.Empty {
		return g.pool.ProviderRejected(ctx, key, class)
	}
	secret, err := g.vault.Key(ctx, key.Ref(), vault.ForConfirm)
	if err != nil {
		return err
	}
	if g.upstream.Confirm(ctx, key.Target(), secret) {
		return g.pool.ProviderRejected(ctx, key, class)
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
