package simulate

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// A person reads an answer and writes the next message within these times after the request before.
const soonest, latest = 10 * time.Second, 5 * time.Minute

// turn is the last request so far of a conversation that may go on.
type turn struct {
	total        int64 // tokens of prompt and answer: the next prompt begins with them
	conversation int
	at           time.Duration
	context      int64
}

func (t turn) compare(o turn) int {
	return cmp.Or(cmp.Compare(t.total, o.total), cmp.Compare(t.conversation, o.conversation))
}

// Converse gives every request its conversation, which traces do not tell. With the probability given a request goes on with
// one that is open and fits: its last request came 10 s to 5 min before, and its prompt and answer are no longer than this
// prompt. All that fit are equally likely; where none does, or chance has it so, a conversation begins.
func Converse(requests []Request, probability float64, seed uint64) {
	r := rand.New(rand.NewPCG(seed, conversations))
	var open []turn    // by total
	var waiting []turn // by time: too fresh to go on
	var ending []turn  // by time: open ones and ones that went on since
	began := 0
	for i := range requests {
		q := &requests[i]
		for len(waiting) > 0 && waiting[0].at <= q.At-soonest {
			at, _ := slices.BinarySearchFunc(open, waiting[0], turn.compare)
			open = slices.Insert(open, at, waiting[0])
			ending, waiting = append(ending, waiting[0]), waiting[1:]
		}
		for len(ending) > 0 && ending[0].at < q.At-latest {
			if at, found := slices.BinarySearchFunc(open, ending[0], turn.compare); found && open[at] == ending[0] {
				open = slices.Delete(open, at, at+1)
			}
			ending = ending[1:]
		}
		fit, _ := slices.BinarySearchFunc(open, turn{total: q.Context + 1, conversation: -1}, turn.compare)
		if goesOn := r.Float64() < probability; goesOn && fit > 0 {
			at := r.IntN(fit)
			q.Conversation, q.Prefix = open[at].conversation, open[at].context
			open = slices.Delete(open, at, at+1)
		} else {
			q.Conversation, q.Prefix = began, 0
			began++
		}
		waiting = append(waiting, turn{q.Context + q.Generated, q.Conversation, q.At, q.Context})
	}
}
