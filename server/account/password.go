package account

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/alexedwards/argon2id"

	"github.com/resourcepool/resourcepool/server/fault"
)

// cost is what OWASP asks of argon2id at least: 19 MiB, two passes, one lane.
var cost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// noHash is of the same cost and matches no password: what an unknown e-mail is compared with, so that it takes as long.
const noHash = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// maxWaiting bounds those who wait for their turn to hash.
const maxWaiting = 512

var errBusy = fault.New(fault.Overloaded, "too many sign-ins at once, try again in a moment")

// passwords hashes a few at a time: each takes a core and 19 MiB, and what else the server does must go on.
type passwords struct {
	turns   chan struct{}
	waiting *atomic.Int64
}

func newPasswords(n int) passwords {
	return passwords{turns: make(chan struct{}, n), waiting: new(atomic.Int64)}
}

// turn waits for a turn. The caller gives it back by calling done.
func (p passwords) turn(ctx context.Context) (done func(), err error) {
	defer p.waiting.Add(-1)
	if p.waiting.Add(1) > maxWaiting {
		return nil, errBusy
	}
	select {
	case p.turns <- struct{}{}:
		return func() { <-p.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash waits for a turn and hashes.
func (p passwords) hash(ctx context.Context, password string) (string, error) {
	done, err := p.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	h, err := argon2id.CreateHash(password, cost)
	if err != nil {
		return "", fmt.Errorf("account: hash a password: %w", err)
	}
	return h, nil
}

// matches compares within a turn that the caller has.
func matches(password, hash string) (bool, error) {
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("account: compare a password: %w", err)
	}
	return ok && hash != noHash, nil
}
