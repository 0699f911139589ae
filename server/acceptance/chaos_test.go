package acceptance

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/resourcepool/resourcepool/server/money"
	"github.com/resourcepool/resourcepool/server/programtest"
)

// chaos is three servers on one Postgres, under clients who keep a journal, while all of them are killed at random.
type chaos struct {
	t      *testing.T
	seed   uint64
	dir    string
	long   bool // servers are also frozen for longer than their lease
	up     *gate
	ground *ground
	nodes  []*node
	keys   apiKeys
	book   *book

	people              map[string]*client
	consumers, walkIns  []string // with idempotency keys and without
	contributors        []string
	stop                chan struct{}
	workers, background sync.WaitGroup

	mu     sync.Mutex
	events map[string]int
}

// TestChaos runs for a few seconds always, with a fixed seed. `make chaos SEED=… MINUTES=…` runs it for longer: the seed
// decides who is killed when, not how the servers' work falls in between.
func TestChaos(t *testing.T) {
	t.Parallel()
	seed, lasts, long := uint64(1), 10*time.Second, false
	if s := os.Getenv("CHAOS_MINUTES"); s != "" {
		minutes, err := strconv.ParseFloat(s, 64)
		require.NoError(t, err, "CHAOS_MINUTES")
		seed, lasts, long = rand.Uint64N(1_000_000), time.Duration(minutes*float64(time.Minute)), true
	}
	if s := os.Getenv("CHAOS_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, "CHAOS_SEED")
	}
	t.Logf("seed %d for %v", seed, lasts)
	c := newChaos(t, seed, long)
	c.load()
	c.torment(lasts)
	close(c.stop)
	c.workers.Wait()
	c.quiesce()
	c.resolve()
	t.Logf("%v; %s", c.events, c.book.summary())
	c.judge()
	if len(c.book.wrong) > 0 {
		t.Errorf("seed %d, logs and Postgres in %s: %d complaints\n%s", seed, c.dir, len(c.book.wrong), strings.Join(c.book.wrong[:min(40, len(c.book.wrong))], "\n"))
	}
}

func newChaos(t *testing.T, seed uint64, long bool) *chaos {
	dir, err := os.MkdirTemp("", "resourcepool-chaos-") //nolint:usetesting // the logs outlive a failed test
	require.NoError(t, err)
	t.Cleanup(func() {
		if !t.Failed() {
			_ = os.RemoveAll(dir)
		}
	})
	c := &chaos{
		t: t, seed: seed, dir: dir, long: long, up: programtest.NewGate(t), ground: newGround(t, filepath.Join(dir, "postgres")),
		keys: apiKeys{quota: map[string]int64{}}, book: &book{codes: map[string]int{}}, people: map[string]*client{},
		stop: make(chan struct{}), events: map[string]int{},
	}
	for i := range 3 {
		n := newNode(t, c.ground, dir, fmt.Sprintf("server%d", i+1), c.up.URLs)
		n.p.Env = append(n.p.Env, "POOL_UNCONFIRMED_TRUST_LIMIT=1000000")
		require.NoError(t, n.start(30*time.Second))
		c.nodes = append(c.nodes, n)
	}
	c.inhabit()
	return c
}

// inhabit makes the people and what they begin with.
func (c *chaos) inhabit() {
	p := c.nodes[0].p
	admin := p.Admin()
	admin.GPT4()
	admin.Platform(c.up.Upstream, "sk-platform-0123456789", "100000", false)
	c.people["admin"] = admin
	for i := range 6 {
		c.consumers = append(c.consumers, fmt.Sprintf("consumer%d", i))
	}
	c.walkIns = []string{"walkin0", "walkin1"}
	c.contributors = []string{"bob0", "bob1", "bob2"}
	first := &worker{chaos: c, rng: rand.New(rand.NewPCG(c.seed, 0)), name: "admin", n: 0}
	for _, names := range [][]string{c.consumers, c.walkIns, c.contributors} {
		for _, name := range names {
			c.people[name] = p.Person(name)
		}
	}
	for _, name := range append(append([]string{}, c.consumers...), c.walkIns...) {
		first.grant(name, 100_000*money.One)
	}
	timeout := 8 * time.Second
	if c.long {
		timeout = 15 * time.Second // shorter than a server is frozen for: its clients go to another one
	}
	for _, who := range c.people {
		who.HTTP.Timeout = timeout
	}
	c.up.Hook(c.provider(), nil)
}

// provider is slow at times, and fails at times.
func (c *chaos) provider() func(w http.ResponseWriter, _ int64) bool {
	return func(w http.ResponseWriter, _ int64) bool {
		time.Sleep(time.Duration(rand.Int64N(int64(30 * time.Millisecond))))
		switch n := rand.IntN(1000); {
		case n < 15:
			w.WriteHeader(http.StatusBadGateway)
			return true
		case n < 25:
			panic(http.ErrAbortHandler)
		case n < 28:
			time.Sleep(2 * time.Second)
		}
		return false
	}
}

// load starts the clients.
func (c *chaos) load() {
	n := 0
	start := func(name string, work func(*worker)) {
		n++
		w := &worker{chaos: c, rng: rand.New(rand.NewPCG(c.seed, uint64(n))), name: name, n: n}
		c.workers.Go(func() { work(w) })
	}
	for _, name := range c.consumers {
		for range 3 {
			start(name, func(w *worker) { w.consume(true) })
		}
	}
	for _, name := range c.walkIns {
		start(name, func(w *worker) { w.consume(false) })
	}
	for _, name := range c.contributors {
		start(name, (*worker).contribute)
	}
	start("admin", (*worker).give)
}

// torment does one cruel thing after the other, in the order that the seed gives, and undoes all of it in the end.
func (c *chaos) torment(lasts time.Duration) {
	rng := rand.New(rand.NewPCG(c.seed, 1<<32))
	deeds := []func(*rand.Rand){c.killServer, c.killServer, c.endServer, c.killPostgres, c.cutWire, c.cutCommit, c.cutCommit, c.pauseWire}
	if c.long {
		deeds = append(deeds, c.freezeServer)
	}
	var order []int
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		if len(order) == 0 {
			order = rng.Perm(len(deeds)) // each comes in its turn
		}
		time.Sleep(min(time.Until(end), 300*time.Millisecond+time.Duration(rng.Int64N(int64(1200*time.Millisecond)))))
		deeds[order[0]](rng)
		order = order[1:]
	}
	c.background.Wait()
}

func (c *chaos) done(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events[what]++
}

// victim returns a server that runs, nil where none does.
func (c *chaos) victim(rng *rand.Rand) *node {
	first := rng.IntN(len(c.nodes))
	for i := range c.nodes {
		if n := c.nodes[(first+i)%len(c.nodes)]; n.free() {
			return n
		}
	}
	return nil
}

const comesBack = 90 * time.Second

// again starts a server after a pause.
func (c *chaos) again(n *node, after time.Duration) {
	time.Sleep(after)
	if err := n.start(comesBack); err != nil {
		c.book.complain("%v", err)
	}
}

func (c *chaos) killServer(rng *rand.Rand) {
	n, pause := c.victim(rng), time.Duration(rng.Int64N(int64(2*time.Second)))
	if n == nil {
		return
	}
	c.done("servers killed")
	if rng.IntN(2) == 0 {
		c.atCommit(rng, n, func() { n.signal(syscall.SIGKILL) })
	}
	_ = n.end(syscall.SIGKILL, time.Minute)
	c.background.Go(func() { c.again(n, pause) })
}

// atCommit does something when a batch of the server is about to commit or just did, unless none comes, and cuts the connection.
func (c *chaos) atCommit(rng *rand.Rand, n *node, do func()) {
	at, reached := committing, make(chan struct{})
	if rng.IntN(2) == 0 {
		at = committed
	}
	var once sync.Once
	n.wire.onMoment(func(m moment) verdict {
		v := pass
		if m.at == at {
			once.Do(func() {
				do()
				v = cut
				close(reached)
			})
		}
		return v
	})
	select {
	case <-reached:
		c.done("at COMMIT")
	case <-time.After(500 * time.Millisecond):
	}
	n.wire.onMoment(nil)
}

// cutCommit cuts the connection of a COMMIT: the server has to find out what became of it.
func (c *chaos) cutCommit(rng *rand.Rand) {
	if n := c.victim(rng); n != nil {
		c.done("COMMITs cut")
		c.atCommit(rng, n, func() {})
	}
}

// endServer ends one as an operator does. How it ends is judged by quiesce: here Postgres may be away.
func (c *chaos) endServer(rng *rand.Rand) {
	n := c.victim(rng)
	if n == nil {
		return
	}
	c.done("servers ended")
	n.setUp(false)
	c.background.Go(func() {
		_ = n.end(syscall.SIGTERM, comesBack)
		c.again(n, 0)
	})
}

func (c *chaos) killPostgres(rng *rand.Rand) {
	pause := time.Duration(rng.Int64N(int64(1500 * time.Millisecond)))
	c.done("Postgres killed")
	if err := c.ground.kill(); err != nil {
		c.t.Fatalf("Postgres can't be killed: %v", err)
	}
	time.Sleep(pause)
	if err := c.ground.start(); err != nil {
		c.t.Fatalf("Postgres does not come back: %v", err)
	}
}

func (c *chaos) cutWire(rng *rand.Rand) {
	c.done("connections cut")
	c.nodes[rng.IntN(len(c.nodes))].wire.cutAll()
}

func (c *chaos) pauseWire(rng *rand.Rand) {
	w, lasts := c.nodes[rng.IntN(len(c.nodes))].wire, time.Duration(rng.Int64N(int64(time.Second)))
	if c.long && rng.IntN(3) == 0 {
		lasts += 10 * time.Second // Postgres gives up an idle transaction of a writer after 10 s
	}
	c.done("connections paused")
	w.pause()
	c.background.Go(func() {
		time.Sleep(lasts)
		w.resume()
	})
}

// freezeServer stops a server for longer than its lease: the others take it for dead, and then it goes on. One at a time.
func (c *chaos) freezeServer(rng *rand.Rand) {
	n, lasts := c.victim(rng), 22*time.Second+time.Duration(rng.Int64N(int64(6*time.Second)))
	if n == nil || slices.ContainsFunc(c.nodes, (*node).frozen) {
		return
	}
	c.done("servers frozen")
	n.signal(syscall.SIGSTOP)
	c.background.Go(func() {
		time.Sleep(lasts)
		n.signal(syscall.SIGCONT)
	})
}
