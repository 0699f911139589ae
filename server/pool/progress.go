package pool

import (
	"context"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/ids"
)

// The steps of a deposit.
const (
	StepKey     = "KEY"
	StepModels  = "MODELS"
	StepBalance = "BALANCE"
	StepBooked  = "BOOKED"
)

// DepositStep is a part of a deposit that is over. Detail is safe to show. The first step that is not OK is the last.
type DepositStep struct {
	Step      string
	OK        bool
	Detail    string
	ElapsedMs int64
}

const (
	progressWait    = 3 * time.Minute // how long a follower waits for a deposit to begin, or to go on
	progressKept    = time.Minute     // how long the steps of a finished deposit are kept
	progressBuffer  = 16              // more than a deposit has steps, so that publishing never waits
	progressPerUser = 20              // deposits of one person that are followed or kept
	progressPerID   = 4               // followers of one deposit
)

// progress hands the steps of deposits to who follows them. It is in the memory of this server: a client whose
// subscription landed on another server than its mutation sees no steps, and the mutation's answer all the same.
type progress struct {
	clock clock.Clock

	mu    sync.Mutex
	users map[ids.ID]map[string]*course
}

// course is one deposit, seen from outside: it may be followed before it begins and for a while after it ended.
type course struct {
	steps     []DepositStep
	over      bool
	touched   time.Time
	followers map[*follower]struct{}
}

type follower struct {
	steps chan DepositStep
	stop  func() bool // disarms the end of the follower's context
	timer *time.Timer
}

func newProgress(c clock.Clock) *progress {
	return &progress{clock: c, users: map[ids.ID]map[string]*course{}}
}

var errTooManyFollowed = fault.New(fault.RateLimited, "too many deposits are being followed at once")

// follow returns the steps of a person's deposit: first those that are over. The channel is closed after the last step,
// when ctx ends, or when nothing happens for some minutes.
func (p *progress) follow(ctx context.Context, user ids.ID, id string) (<-chan DepositStep, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.course(user, id)
	if err != nil {
		return nil, err
	}
	if len(c.followers) >= progressPerID {
		return nil, errTooManyFollowed
	}
	f := &follower{steps: make(chan DepositStep, progressBuffer)}
	for _, s := range c.steps {
		f.steps <- s
	}
	if c.over {
		close(f.steps)
		return f.steps, nil
	}
	c.followers[f] = struct{}{}
	leave := func() { p.leave(user, id, c, f) }
	f.timer = time.AfterFunc(progressWait, leave)
	f.stop = context.AfterFunc(ctx, leave)
	return f.steps, nil
}

func (p *progress) leave(user ids.ID, id string, c *course, f *follower) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := c.followers[f]; !ok {
		return
	}
	c.drop(f)
	if len(c.followers) == 0 && len(c.steps) == 0 && p.users[user][id] == c {
		p.forget(user, id)
	}
}

func (c *course) drop(f *follower) {
	delete(c.followers, f)
	f.stop()
	f.timer.Stop()
	close(f.steps)
}

// course returns the entry of a deposit and makes it where there is none; the caller has the lock.
func (p *progress) course(user ids.ID, id string) (*course, error) {
	mine, now := p.users[user], p.clock.Now()
	for old, c := range mine {
		if len(c.followers) == 0 && now.Sub(c.touched) > progressKept {
			p.forget(user, old)
		}
	}
	if c := p.users[user][id]; c != nil {
		return c, nil
	}
	if mine = p.users[user]; len(mine) >= progressPerUser {
		return nil, errTooManyFollowed
	}
	if mine == nil {
		mine = map[string]*course{}
		p.users[user] = mine
	}
	c := &course{touched: now, followers: map[*follower]struct{}{}}
	mine[id] = c
	return c, nil
}

// tidy forgets what nobody followed for long: longer than any deposit runs.
func (p *progress) tidy() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.clock.Now()
	for user, mine := range p.users {
		for id, c := range mine {
			if len(c.followers) == 0 && now.Sub(c.touched) > 10*progressKept {
				p.forget(user, id)
			}
		}
	}
}

func (p *progress) forget(user ids.ID, id string) {
	delete(p.users[user], id)
	if len(p.users[user]) == 0 {
		delete(p.users, user)
	}
}

// reporter tells the followers of one deposit. A nil one tells nobody.
type reporter struct {
	p    *progress
	user ids.ID
	id   string
}

// begin returns the reporter of a deposit. One under an id that was used before starts anew.
func (p *progress) begin(user ids.ID, id string) *reporter {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, err := p.course(user, id)
	if err != nil {
		return nil // a deposit does not fail because nobody can follow it
	}
	c.steps, c.over = nil, false
	return &reporter{p: p, user: user, id: id}
}

// step publishes a step. One that is not OK, and BOOKED, end the deposit.
func (r *reporter) step(s DepositStep) {
	if r == nil {
		return
	}
	r.p.mu.Lock()
	defer r.p.mu.Unlock()
	c := r.p.users[r.user][r.id]
	if c == nil || c.over || len(c.steps) >= progressBuffer {
		return
	}
	c.steps = append(c.steps, s)
	c.touched = r.p.clock.Now()
	c.over = !s.OK || s.Step == StepBooked
	for f := range c.followers {
		select {
		case f.steps <- s:
		default: // the buffer has room for every step; a follower without any is cut off rather than waited for
			c.drop(f)
			continue
		}
		if c.over {
			c.drop(f)
		}
	}
}
