package account

import (
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/limit"
)

// failures limits wrong passwords: of an account from one address, of one address over all accounts, and of an account
// over all addresses. The last is wide, so that whoever guesses from elsewhere does not lock the owner out soon.
type failures struct {
	pair, address, account *limit.Limiter
}

func newFailures(c clock.Clock) failures {
	return failures{
		pair:    limit.New(c, 10, time.Minute),
		address: limit.New(c, 20, 30*time.Second),
		account: limit.New(c, 100, 30*time.Second),
	}
}

type attempt struct {
	f                      failures
	pair, address, account string
}

func (f failures) attempt(account, ip string) attempt {
	address := limit.Network(ip)
	return attempt{f: f, pair: account + " " + address, address: address, account: account}
}

func (a attempt) each(do func(*limit.Limiter, string) time.Duration) time.Duration {
	return max(do(a.f.pair, a.pair), do(a.f.address, a.address), do(a.f.account, a.account))
}

// check refuses without counting.
func (a attempt) check() error { return limit.Refusal(a.each((*limit.Limiter).Wait)) }

// begin counts the attempt as failed, until succeeded says otherwise: those that run at once can't pass together.
func (a attempt) begin() error {
	if err := a.check(); err != nil {
		return err
	}
	return limit.Refusal(a.each((*limit.Limiter).Take))
}

func (a attempt) succeeded() {
	a.each(func(l *limit.Limiter, key string) time.Duration {
		l.GiveBack(key)
		return 0
	})
}
