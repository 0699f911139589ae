package pool

import (
	"cmp"
	"slices"
	"strings"
)

const (
	nearest     = 3   // names at most
	nearestName = 100 // bytes: a longer name resembles none
)

// Near returns the names on the price list, aliases among them, that a misspelt one may mean, the nearest first.
func (p *Prices) Near(name string) []string {
	list, ok := p.list.known()
	if !ok || name == "" || len(name) > nearestName {
		return nil
	}
	type guess struct {
		name     string
		distance int
	}
	wanted := plain(name)
	var guesses []guess
	for known := range list.names {
		candidate := plain(known)
		d := distance(wanted, candidate)
		if strings.HasPrefix(candidate, wanted) || strings.HasPrefix(wanted, candidate) {
			d = min(d, 1) // "claude-sonnet" means one of its versions
		}
		if d <= max(1, len(wanted)/4) {
			guesses = append(guesses, guess{known, d})
		}
	}
	slices.SortFunc(guesses, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(len(a.name), len(b.name)), cmp.Compare(a.name, b.name))
	})
	out := make([]string, 0, nearest)
	for _, g := range guesses[:min(len(guesses), nearest)] {
		out = append(out, g.name)
	}
	return out
}

// names yields what a client may ask for.
func (l *priceList) names(yield func(string) bool) {
	for name := range l.prices {
		if !yield(name) {
			return
		}
	}
	for name := range l.aliases {
		if !yield(name) {
			return
		}
	}
}

// plain is a name without what people get wrong most: case, and the marks between its parts.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_.:/", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// distance is how many bytes must be put in, taken out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, change)
		}
	}
	return row[len(b)]
}
