package account

import (
	"context"
	"time"

	"github.com/resourcepool/resourcepool/server/limit"
)

// Wrong passwords are counted of an account from one address, of one address over all accounts, and of an account over all
// addresses. The last is wide and forgets soon, so that whoever guesses from elsewhere does not lock the owner out for long.
var (
	failuresOfPair    = limit.Rule{Name: "sign-in.pair", Burst: 10, Wait: time.Minute, Forget: 10 * time.Minute}
	failuresOfAddress = limit.Rule{Name: "sign-in.address", Burst: 20, Wait: 30 * time.Second, Forget: 5 * time.Minute}
	failuresOfAccount = limit.Rule{Name: "sign-in.account", Burst: 100, Wait: 30 * time.Second, Forget: 2 * time.Minute}
)

// A wrong code of a second factor is counted of the person whose password was right: six digits are soon guessed.
var failuresOfCode = limit.Rule{Name: "sign-in.code", Burst: 10, Wait: 5 * time.Minute, Forget: 30 * time.Minute}

// mailsTo bounds the links that are sent, of a person, to an e-mail, and at the word of an address.
var mailsTo = limit.Rule{Name: "mail", Burst: 10, Wait: 10 * time.Minute, Forget: 10 * time.Minute}

// signUpsOf is how many accounts an address may make.
func signUpsOf(perHour int) limit.Rule {
	each := time.Hour / time.Duration(perHour)
	return limit.Rule{Name: "sign-up", Burst: perHour, Wait: each, Forget: each}
}

// failures limits wrong passwords.
type failures struct{ throttle *limit.Throttle }

// attempt is a password that somebody gives.
type attempt struct {
	throttle *limit.Throttle
	counts   []limit.Count
	taken    limit.Taken
}

func (f failures) attempt(account, ip string) *attempt {
	address := limit.Network(ip)
	return &attempt{throttle: f.throttle, counts: []limit.Count{
		failuresOfPair.Of(account, address), failuresOfAddress.Of(address), failuresOfAccount.Of(account),
	}}
}

// check refuses without counting.
func (a *attempt) check(ctx context.Context) error { return a.throttle.Check(ctx, a.counts...) }

// begin counts the attempt as failed, until succeeded says otherwise: those that run at once can't pass together.
func (a *attempt) begin(ctx context.Context) (err error) {
	a.taken, err = a.throttle.Take(ctx, a.counts...)
	return err
}

func (a *attempt) succeeded(ctx context.Context) error { return a.taken.GiveBack(ctx) }
