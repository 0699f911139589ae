package acceptance

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// worker does what one client does, one thing after the other, until it is stopped.
type worker struct {
	*chaos
	rng  *rand.Rand
	name string // of the person
	n    int    // of the worker, for ids
	made int
}

func (w *worker) next() string {
	w.made++
	return fmt.Sprintf("%s-%d-%d", w.name, w.n, w.made)
}

// pick returns a server, one that runs where there is any.
func (w *worker) pick() *node {
	n := w.nodes[w.rng.IntN(len(w.nodes))]
	for range 5 {
		if n.free() {
			break
		}
		n = w.nodes[w.rng.IntN(len(w.nodes))]
	}
	return n
}

func (w *worker) rest(from, to time.Duration) {
	select {
	case <-w.stop:
	case <-time.After(from + time.Duration(w.rng.Int64N(int64(to-from)+1))):
	}
}

func (w *worker) stopped() bool {
	select {
	case <-w.stop:
		return true
	default:
		return false
	}
}

// amount reads an amount of the API; what is none is a complaint.
func (c *chaos) amount(s string) int64 {
	a, err := money.Parse[money.Credits](s)
	if err != nil {
		c.book.complain("%q is no amount: %v", s, err)
	}
	return int64(a)
}

// attempt asks a server once for what the entry wants.
func (c *chaos) attempt(e *entry, n *node) (ack, error) {
	who := c.people[e.by].At(n.p)
	switch e.kind {
	case "complete":
		return c.complete(e, who)
	case "deposit":
		r, err := who.Do(programtest.Deposit, e.in)
		return ack{ref: r.Get("deposit.resource.id").String(), amount: c.read(err, r.Get("deposit.credited").String())}, err
	case "withdraw":
		r, err := who.Do(`mutation($id: ID!) { withdrawResource(id: $id) { credited } }`, e.in)
		return ack{ref: e.in["id"].(string), amount: c.read(err, r.Get("withdrawResource.credited").String())}, err
	default:
		r, err := who.Do(`mutation($u: ID!, $a: Credits!, $m: String!, $k: String) { grantCredits(userId: $u, amount: $a, memo: $m, idempotencyKey: $k) { seq } }`, e.in)
		return ack{ref: "#" + r.Get("grantCredits.seq").String(), amount: e.amount}, err
	}
}

// read is amount for an answer that may be an error.
func (c *chaos) read(err error, s string) int64 {
	if err != nil {
		return 0
	}
	return c.amount(s)
}

func (c *chaos) complete(e *entry, who *client) (ack, error) {
	r := request(who, e.mode, e.in)
	var g *graphError
	if errors.As(r.err, &g) && g.Extensions.Get("usageId").Exists() { // it broke off after output, and was charged for that
		return ack{ref: g.Extensions.Get("usageId").String(), amount: c.amount(g.Extensions.Get("creditsCharged").String())}, nil
	}
	if r.err != nil {
		return ack{}, r.err
	}
	return ack{
		ref: r.payload.Get("usage.id").String(), amount: c.amount(r.payload.Get("creditsCharged").String()), answer: r.payload.Get("completion").Raw,
	}, nil
}

type known int

const (
	notSent known = iota // nothing reached a server
	refused              // nothing was done
	waits                // the first attempt is still under way
	unsure
)

// judged tells what an error means for the request.
func judged(e *entry, err error) (known, string) {
	var g *graphError
	var op *net.OpError
	switch {
	case errors.As(err, &g) && g.Code == "CONFLICT" && e.kind != "withdraw":
		return waits, g.Code
	case errors.As(err, &g) && g.Code != "INTERNAL" && g.Code != "":
		return refused, g.Code
	case g != nil:
		return unsure, "INTERNAL"
	case errors.As(err, &op) && op.Op == "dial":
		return notSent, "not reached"
	}
	return unsure, "no answer"
}

// try asks until somebody says how it ended, or once where the entry has no key to ask again by.
func (w *worker) try(e *entry) {
	for {
		a, err := w.attempt(e, w.pick())
		if err == nil {
			w.book.acked(e, a)
			return
		}
		switch what, code := judged(e, err); what {
		case refused:
			if e.kind == "withdraw" && code == "CONFLICT" && e.unknown > 0 { // an attempt before was booked
				w.book.acked(e, ack{ref: e.in["id"].(string)})
				return
			}
			w.book.refused(e, code)
			return
		case unsure:
			w.book.unsure(e, code)
		default:
			w.book.count(code)
		}
		w.rest(50*time.Millisecond, 300*time.Millisecond)
		if w.stopped() || e.id == "" {
			return
		}
	}
}

// consume asks for completions, sometimes for one that was answered before.
func (w *worker) consume(keyed bool) {
	for !w.stopped() {
		if keyed && w.rng.IntN(10) == 0 {
			if e := w.book.some(w.rng.IntN, func(e *entry) bool { return e.kind == "complete" && e.by == w.name && e.acks[0].amount > 0 }); e != nil {
				w.replay(e, w.pick())
			}
			continue
		}
		id := w.next()
		in := programtest.Ask("gpt-4", vars{"maxTokens": 16 + w.rng.IntN(48), "messages": []vars{{"role": "USER", "content": "Tell me about " + id}}})
		e := &entry{kind: "complete", by: w.name, in: in, mode: whole}
		if w.rng.IntN(5) == 0 {
			e.mode = streamed
		}
		if keyed {
			e.id = id
			in["i"].(vars)["idempotencyKey"] = id
		}
		w.try(w.book.open(e))
		w.rest(0, 40*time.Millisecond)
	}
}

// replay asks again for what was answered: the answer must be the same.
func (c *chaos) replay(e *entry, n *node) {
	a, err := c.attempt(e, n)
	if err != nil {
		_, code := judged(e, err)
		c.book.count("replay: " + code)
		return
	}
	c.book.count("replayed")
	first := e.acks[0]
	if a.ref != first.ref || a.amount != first.amount || a.answer != "" && first.answer != "" && a.answer != first.answer {
		c.book.complain("asked again, %v has another answer: %v", e, a)
	}
}

// contribute deposits keys, some of them already somebody's, and withdraws some.
func (w *worker) contribute() {
	var mine []*entry
	for !w.stopped() {
		if len(mine) > 2 && w.rng.IntN(2) == 0 {
			i := w.rng.IntN(len(mine))
			d := mine[i]
			mine = append(mine[:i], mine[i+1:]...)
			w.try(w.book.open(&entry{id: w.next(), kind: "withdraw", by: w.name, of: d, key: d.key, in: vars{"id": d.acks[0].ref}}))
		} else {
			id := w.next()
			key, quota := w.keys.choose(w.chaos, w.rng, "sk-"+id+"-0123456789")
			d := w.book.open(&entry{id: id, kind: "deposit", by: w.name, key: key, amount: quota, in: vars{"i": vars{
				"provider": "openai", "apiKey": key, "quota": money.Format(money.USD(quota)), "acceptedTerms": "v3", "idempotencyKey": id,
			}}})
			w.try(d)
			if len(d.acks) > 0 {
				mine = append(mine, d)
			}
		}
		w.rest(50*time.Millisecond, 400*time.Millisecond)
	}
}

// apiKeys are the keys that contributors have, with the quota of each.
type apiKeys struct {
	mu    sync.Mutex
	names []string
	quota map[string]int64
}

// choose returns a fresh key, or one that may be in the pool.
func (k *apiKeys) choose(c *chaos, rng *rand.Rand, fresh string) (string, int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if n := len(k.names); n > 0 && rng.IntN(4) == 0 {
		name := k.names[n-1-rng.IntN(min(n, 6))]
		return name, k.quota[name]
	}
	quota := int64(2+rng.IntN(4)) * money.One
	c.up.AddKey(fresh, money.Format(money.USD(quota)))
	k.names, k.quota[fresh] = append(k.names, fresh), quota
	return fresh, quota
}

// give grants Credits to consumers.
func (w *worker) give() {
	for !w.stopped() {
		w.grant(w.consumers[w.rng.IntN(len(w.consumers))], int64(1+w.rng.IntN(50))*money.One)
		w.rest(50*time.Millisecond, 300*time.Millisecond)
	}
}

func (w *worker) grant(to string, amount int64) {
	id := w.next()
	e := &entry{id: id, kind: "grant", by: w.name, key: to, amount: amount, memo: "chaos " + id}
	e.in = vars{"u": w.people[to].ID, "a": money.Format(money.Credits(amount)), "m": e.memo, "k": id}
	if w.rng.IntN(2) == 0 { // nobody can ask again
		e.id, e.in["k"] = "", nil
	}
	w.try(w.book.open(e))
}
