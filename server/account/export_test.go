package account

import "github.com/alexedwards/argon2id"

// HashCheaply makes the passwords of a test cost next to nothing.
func (s *Service) HashCheaply() {
	s.passwords = newPasswords(&argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}, cap(s.passwords.turns))
}
