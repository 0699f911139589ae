package pool

// Renew makes the next call of Keys read anew.
func (s *Service) Renew() { s.keys.renew() }
