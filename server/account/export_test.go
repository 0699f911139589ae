package account

import (
	"context"

	"github.com/alexedwards/argon2id"

	"github.com/resourcepool/resourcepool/server/access"
)

// SweepCeremonies does what Run does each hour.
func (s *Service) SweepCeremonies(ctx context.Context) error {
	return s.store.deleteExpiredCeremonies(ctx, s.clock.Now())
}

// HashCheaply makes the passwords of a test cost next to nothing.
func (s *Service) HashCheaply() {
	s.passwords = newPasswords(&argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}, cap(s.passwords.turns))
}

// WithPolicy has the service go by another policy than the other one of a test.
func (s *Service) WithPolicy(p *access.Policy) *Service {
	s.policy = p
	return s
}
