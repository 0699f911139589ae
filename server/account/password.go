package account

import (
	"context"
	"encoding/base64"
	"fmt"
	"sync/atomic"

	"github.com/alexedwards/argon2id"

	"github.com/resourcepool/resourcepool/server/fault"
)

// cost is what OWASP asks of argon2id at least: 19 MiB, two passes, one lane.
var cost = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// maxWaiting bounds those who wait for their turn to hash.
const maxWaiting = 512

var errBusy = fault.New(fault.Overloaded, "too many sign-ins at once, try again in a moment")

// passwords hashes a few at a time: each takes a core and 19 MiB, and what else the server does must go on.
type passwords struct {
	cost    *argon2id.Params
	noHash  string // of the same cost, for who is unknown
	turns   chan struct{}
	waiting *atomic.Int64
}

func newPasswords(c *argon2id.Params, n int) passwords {
	return passwords{cost: c, noHash: noHash(c), turns: make(chan struct{}, n), waiting: new(atomic.Int64)}
}

// noHash is of the cost given and no password's: what is compared where the e-mail is unknown, so that it takes as long.
func noHash(c *argon2id.Params) string {
	zeros := func(n uint32) string { return base64.RawStdEncoding.EncodeToString(make([]byte, n)) }
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", c.Memory, c.Iterations, c.Parallelism, zeros(c.SaltLength), zeros(c.KeyLength))
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
	h, err := argon2id.CreateHash(password, p.cost)
	if err != nil {
		return "", fmt.Errorf("account: hash a password: %w", err)
	}
	return h, nil
}

// matches compares with the hash of a user, "" where there is none. The caller has a turn.
func (p passwords) matches(password, hash string) (bool, error) {
	known := hash != ""
	if !known {
		hash = p.noHash
	}
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("account: compare a password: %w", err)
	}
	return ok && known, nil
}
