package pool

import (
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
	"github.com/resourcepool/resourcepool/server/provider"
)

// teller turns what happens in a deposit into its steps.
type teller struct {
	clock clock.Clock
	to    *reporter

	next    string         // the step that a failure belongs to
	balance *provider.Step // passed with the provider, not yet compared with the quota
	began   time.Time      // of the booking
	ended   bool
}

func (t *teller) step(name string, ok bool, detail string, took time.Duration) {
	t.ended = t.ended || !ok || name == StepBooked
	t.to.step(DepositStep{Step: name, OK: ok, Detail: detail, ElapsedMs: took.Milliseconds()})
}

// verified takes the steps of the provider's test. That of the balance is held back until the quota was compared.
func (t *teller) verified(s provider.Step) {
	switch {
	case s.Name == provider.StepBalance && s.OK:
		t.balance = &s
	default:
		t.step(s.Name, s.OK, s.Detail, s.Elapsed)
	}
	switch s.Name {
	case provider.StepKey:
		t.next = StepModels
	case provider.StepModels:
		t.next = StepBalance
	}
}

// covered says that what the provider reports does not speak against the quota.
func (t *teller) covered() {
	if t.balance != nil {
		t.step(StepBalance, true, t.balance.Detail, t.balance.Elapsed)
	}
}

func (t *teller) booking() { t.next, t.began = StepBooked, t.clock.Now() }

func (t *teller) booked() {
	var took time.Duration // of a repetition: none
	if !t.began.IsZero() {
		took = t.clock.Now().Sub(t.began)
	}
	t.step(StepBooked, true, "the deposit is booked", took)
}

// failed ends the steps with the one that err belongs to, unless the provider's test told it.
func (t *teller) failed(err error) {
	if t.ended {
		return
	}
	name, detail, took := StepKey, "the deposit failed; nothing was kept", time.Duration(0)
	if t.next != "" {
		name = t.next
	}
	if f, ok := fault.As(err); ok && f.Code != fault.Internal {
		detail = f.Message
	}
	if t.balance != nil && name == StepBalance {
		took = t.balance.Elapsed
	}
	t.step(name, false, detail, took)
}
