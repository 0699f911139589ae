package pool

import "github.com/resourcepool/resourcepool/server/provider"

// NewPriceListOf returns the names without dates of a list of these models.
func NewPriceListOf(names ...string) (map[string]string, error) {
	var models []provider.Model
	for _, n := range names {
		models = append(models, provider.Model{Name: n, Provider: "anthropic"})
	}
	l, err := newPriceList(models, nil, nil, nil, 1)
	if err != nil {
		return nil, err
	}
	return l.undated, nil
}

// Renew makes the next call of Keys read anew.
func (s *Service) Renew() { s.keys.renew() }
