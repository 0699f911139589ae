package page

import "github.com/resourcepool/resourcepool/server/fault"

const (
	defaultSize = 20
	maxSize     = 100
)

// Args are the four arguments of a connection.
type Args struct {
	First  *int
	After  *string
	Last   *int
	Before *string
}

// Validate refuses negative and too large pages, and a page from both ends. The faults name the argument.
func (a Args) Validate() error {
	if a.First != nil && a.Last != nil {
		return fault.Invalid("last", "send first or last, not both")
	}
	for _, n := range []struct {
		field string
		value *int
	}{{"first", a.First}, {"last", a.Last}} {
		switch {
		case n.value == nil:
		case *n.value < 0:
			return fault.Invalid(n.field, "%s can't be negative", n.field)
		case *n.value > maxSize:
			return fault.Invalid(n.field, "%s is at most %d", n.field, maxSize)
		}
	}
	return nil
}

func (a Args) backward() bool { return a.Last != nil }

func (a Args) size() int {
	switch {
	case a.Last != nil:
		return *a.Last
	case a.First != nil:
		return *a.First
	}
	return defaultSize
}
