// Package ids makes and reads the identifiers of everything: a prefix that names the kind, and a UUIDv7 in 26 letters of
// Crockford's base 32, e.g. "res_06c3wz…". Ids of one kind sort by the time they were made, as text too, which the
// partitions of the logs rely on. Imports: fault, clock.
package ids

import (
	"crypto/rand"
	"encoding/binary"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/clock"
	"github.com/resourcepool/resourcepool/server/fault"
)

// ID is a prefixed identifier. The zero value is no id.
type ID string

// Kind is the prefix of an id.
type Kind string

// The kinds of ids.
const (
	User       Kind = "usr"
	Session    Kind = "ses"
	Token      Kind = "tok"
	Resource   Kind = "res"
	Usage      Kind = "use"
	Hold       Kind = "hld"
	Server     Kind = "srv"
	Batch      Kind = "bat"
	Model      Kind = "mdl"
	Completion Kind = "cmp"
	Alert      Kind = "alr"
	Audit      Kind = "aud"
	Request    Kind = "req"
	Passkey    Kind = "psk"
	Identity   Kind = "idn"
	Ceremony   Kind = "cer"
	EmailLink  Kind = "eml"
	Mail       Kind = "mai"
	CustomRole Kind = "rol"
	KeyAccess  Kind = "kac"
)

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const bodyLen = 26

// Kind returns the prefix of id, "" where it has none.
func (id ID) Kind() Kind {
	k, _, ok := strings.Cut(string(id), "_")
	if !ok {
		return ""
	}
	return Kind(k)
}

// Tail returns what follows the prefix: another name of the same thing where prefixes are not ours to choose.
func (id ID) Tail() string {
	_, tail, _ := strings.Cut(string(id), "_")
	return tail
}

// Parse returns s as an id of one of kinds; any other text is a BadUserInput on field.
func Parse(field, s string, kinds ...Kind) (ID, error) {
	id := ID(s)
	_, body, _ := strings.Cut(s, "_")
	ok := len(body) == bodyLen && strings.Trim(body, alphabet) == ""
	for _, k := range kinds {
		if ok && id.Kind() == k {
			return id, nil
		}
	}
	return "", fault.Invalid(field, "this is not an id of the kind asked for")
}

// Source makes ids. Ids of one source increase even within one tick of its clock. It is safe for concurrent use.
type Source struct {
	clock clock.Clock
	rand  io.Reader

	mu   sync.Mutex
	last uint64 // the last id's time, in 1/4096 ms
}

// NewSource returns a source on the clock and the randomness given.
func NewSource(c clock.Clock, random io.Reader) *Source {
	return &Source{clock: c, rand: random}
}

// System is a source on the machine's clock and randomness.
func System() *Source { return NewSource(clock.System, rand.Reader) }

// New returns a new id of the kind.
func (s *Source) New(k Kind) ID {
	now := s.clock.Now()
	tick := uint64(now.UnixMilli())<<12 | uint64(now.Nanosecond()%1e6)<<12/1e6
	var b [16]byte
	s.mu.Lock()
	tick = max(tick, s.last+1)
	s.last = tick
	_, err := io.ReadFull(s.rand, b[8:]) // under the lock: not every reader may be read by several at once
	s.mu.Unlock()
	if err != nil {
		panic("ids: no randomness: " + err.Error()) // nothing that needs an id may go on without
	}
	binary.BigEndian.PutUint64(b[:8], tick>>12<<16|0x7000|tick&0xfff)
	b[8] = b[8]&0x3f | 0x80
	return ID(string(k) + "_" + encode(b))
}

// Floor returns the smallest id of the kind that can be made at t: the bound of a partition or of a time filter. Times
// before 1970 count as 1970.
func Floor(k Kind, t time.Time) ID {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(max(0, t.UnixMilli()))<<16)
	return ID(string(k) + "_" + encode(b))
}

func encode(b [16]byte) string {
	hi, lo := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var out [bodyLen]byte
	for i := bodyLen - 1; i >= 0; i-- {
		out[i] = alphabet[lo&31]
		lo = lo>>5 | hi<<59
		hi >>= 5
	}
	return string(out[:])
}
