package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"
)

// array is a column of the rows that a batch writes, built in the binary form in which Postgres takes it: neither side
// parses text. The writer's connection passes it on as it is (lib/pq's binary parameters).
type array struct {
	element uint32 // the type's OID
	n       int32
	nulls   bool
	wire    []byte // a header to be filled in, then each element behind its length
}

// The OIDs of the element types, which Postgres never changes.
const (
	oidBool   = 16
	oidBytea  = 17
	oidInt8   = 20
	oidText   = 25
	oidFloat8 = 701
	oidTime   = 1184
	oidJSONB  = 3802
)

const arrayHeader = 20

func newArray(element uint32, rows, size int) *array {
	return &array{element: element, wire: make([]byte, arrayHeader, arrayHeader+rows*(4+size))}
}

// texts, ints, … return an empty column with room for so many rows.
func texts(rows int) *array { return newArray(oidText, rows, 32) }
func ints(rows int) *array  { return newArray(oidInt8, rows, 8) }
func bools(rows int) *array { return newArray(oidBool, rows, 1) }
func times(rows int) *array { return newArray(oidTime, rows, 8) }
func bytes(rows int) *array { return newArray(oidBytea, rows, 32) }

func (a *array) begin(size int) {
	a.n++
	a.wire = binary.BigEndian.AppendUint32(a.wire, uint32(size)) //nolint:gosec // far below 2³²
}

func (a *array) text(s string) {
	if a.element == oidJSONB {
		a.begin(len(s) + 1)
		a.wire = append(a.wire, 1) // the version of the format
	} else {
		a.begin(len(s))
	}
	a.wire = append(a.wire, s...)
}

func (a *array) int(n int64) {
	a.begin(8)
	a.wire = binary.BigEndian.AppendUint64(a.wire, uint64(n)) //nolint:gosec // the same bits
}

func (a *array) bool(b bool) {
	a.begin(1)
	if b {
		a.wire = append(a.wire, 1)
	} else {
		a.wire = append(a.wire, 0)
	}
}

func (a *array) bytes(b []byte) {
	a.begin(len(b))
	a.wire = append(a.wire, b...)
}

// epoch is where Postgres begins to count time, in µs since 1970.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

func (a *array) time(t time.Time) { a.int(t.UnixMicro() - epoch) }

func (a *array) null() {
	a.n++
	a.nulls = true
	a.wire = binary.BigEndian.AppendUint32(a.wire, ^uint32(0))
}

// BinaryValue is how lib/pq asks for a parameter in binary form.
func (a *array) BinaryValue() ([]byte, error) {
	h := a.wire[:arrayHeader]
	nulls := uint32(0)
	if a.nulls {
		nulls = 1
	}
	binary.BigEndian.PutUint32(h[0:], 1) // dimensions
	binary.BigEndian.PutUint32(h[4:], nulls)
	binary.BigEndian.PutUint32(h[8:], a.element)
	binary.BigEndian.PutUint32(h[12:], uint32(a.n)) //nolint:gosec // not negative
	binary.BigEndian.PutUint32(h[16:], 1)           // the index of the first
	if a.n == 0 {
		binary.BigEndian.PutUint32(h[0:], 0)
		return h[:12], nil
	}
	return a.wire, nil
}

// textsOf returns a column of strings.
func textsOf[S ~string](list []S) *array {
	a := texts(len(list))
	for _, s := range list {
		a.text(string(s))
	}
	return a
}

var elementOf = map[string]uint32{
	"text": oidText, "bigint": oidInt8, "bool": oidBool, "bytea": oidBytea, "timestamptz": oidTime, "jsonb": oidJSONB, "float8": oidFloat8,
}

// errRow says that a row of another package is not what its table declares.
var errRow = errors.New("ledger: a row can't be written")

// columns turns rows of another package into one array for each column.
func columns(t *Table, rows []Row) ([]any, error) {
	arrays := make([]any, len(t.Types))
	for i, typ := range t.Types {
		element, ok := elementOf[typ]
		if !ok {
			return nil, fmt.Errorf("%w: %s has a column of an unknown type %q", errRow, t.Name, typ)
		}
		arrays[i] = newArray(element, len(rows), 16)
	}
	for _, r := range rows {
		values := r.Values()
		if len(values) != len(t.Types) {
			return nil, fmt.Errorf("%w: one of %s has %d values for %d columns", errRow, t.Name, len(values), len(t.Types))
		}
		for i, v := range values {
			if err := arrays[i].(*array).any(v); err != nil {
				return nil, fmt.Errorf("%w: column %d of %s: %w", errRow, i+1, t.Name, err)
			}
		}
	}
	return arrays, nil
}

// any appends a value as Row.Values has them.
func (a *array) any(v any) error {
	switch v := v.(type) {
	case nil:
		a.null()
	case string:
		a.text(v)
	case int64:
		a.int(v)
	case float64:
		a.int(int64(math.Float64bits(v))) //nolint:gosec // the same bits
	case bool:
		a.bool(v)
	case []byte:
		if v == nil {
			a.null()
		} else {
			a.bytes(v)
		}
	case time.Time:
		a.time(v)
	case *string:
		return anyOf(a, v)
	case *int64:
		return anyOf(a, v)
	case *float64:
		return anyOf(a, v)
	case *time.Time:
		return anyOf(a, v)
	default:
		return fmt.Errorf("a value of type %T", v)
	}
	return nil
}

func anyOf[T any](a *array, v *T) error {
	if v == nil {
		a.null()
		return nil
	}
	return a.any(*v)
}
